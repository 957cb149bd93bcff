import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * Metrics of one process, in a registry of its own.
 *
 * M1  Every series whose label values are known stands at 0 from the start, so that an alert on a rate or on an
 *     absent series works before the first event.
 * M2  Two metrics of one name are a programmer's fault and throw at once.
 */
export interface Metrics {
  counter<L extends string = never>(options: MetricOptions<L>): Counter<L>;
  gauge<L extends string = never>(options: GaugeOptions<L>): Gauge<L>;
  histogram<L extends string = never>(options: HistogramOptions<L>): Histogram<L>;
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
  readonly registry: Registry;
}

export interface MetricOptions<L extends string> {
  /** snake_case with unit and `_total` as Prometheus asks, for example `torpor_queue_depth`. */
  readonly name: string;
  readonly help: string;
  /** Each label with the values known beforehand; an empty list when they come only at run time. */
  readonly labels?: Readonly<Record<L, readonly string[]>>;
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Called at each scrape to set the value. */
  readonly collect?: (this: Gauge<L>) => void | Promise<void>;
}

export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds, in the unit of the name (seconds for durations). */
  readonly buckets: readonly number[];
}

/** Bounds in seconds that suit both a 2 ms request and a 60 s boot. */
export const DURATION_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** All combinations of the known label values; empty when some label has none (M1). */
function combinations<L extends string>(labels: Readonly<Record<L, readonly string[]>>): Partial<Record<L, string>>[] {
  let rows: Partial<Record<L, string>>[] = [{}];
  for (const [label, values] of Object.entries(labels) as [L, readonly string[]][]) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [label]: value })));
  }
  return rows;
}

export interface MetricsRegistryOptions {
  /** Memory, CPU, event-loop and garbage-collector figures of the process; on unless switched off. */
  readonly processMetrics?: boolean;
}

export function createMetrics(options: MetricsRegistryOptions = {}): Metrics {
  const registry = new Registry();
  // The default precision of 10 ms wakes an idle process a hundred times a second.
  if (options.processMetrics !== false)
    collectDefaultMetrics({ eventLoopMonitoringPrecision: 1000, register: registry });

  function common<L extends string>(metric: MetricOptions<L>) {
    return {
      name: metric.name,
      help: metric.help,
      labelNames: Object.keys(metric.labels ?? {}) as L[],
      registers: [registry],
    };
  }

  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter<L extends string>(metric: MetricOptions<L>): Counter<L> {
      const counter = new Counter<L>(common(metric));
      if (metric.labels !== undefined) for (const row of combinations(metric.labels)) counter.inc(row, 0);
      return counter;
    },
    gauge<L extends string>(metric: GaugeOptions<L>): Gauge<L> {
      const collect = metric.collect;
      const gauge = new Gauge<L>(collect === undefined ? common(metric) : { ...common(metric), collect });
      if (metric.labels !== undefined) for (const row of combinations(metric.labels)) gauge.set(row, 0);
      return gauge;
    },
    histogram<L extends string>(metric: HistogramOptions<L>): Histogram<L> {
      const histogram = new Histogram<L>({ ...common(metric), buckets: [...metric.buckets] });
      if (metric.labels !== undefined) for (const row of combinations(metric.labels)) histogram.zero(row);
      return histogram;
    },
  };
}
