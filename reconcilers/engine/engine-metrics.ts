import { DURATION_BUCKETS, type Metrics } from '../../base/metrics.ts';
import type { Queue } from './queue.ts';
import type { Outcome } from './reconcile.ts';

/** What all controllers of a process count, by the name of the controller. */
export interface EngineMetrics {
  /** Zero from here on (base/metrics M1), and the depth of its queue at each scrape. */
  register(controller: string, queue: Queue): void;
  observe(controller: string, result: Outcome['kind'], seconds: number): void;
}

const results: readonly Outcome['kind'][] = ['done', 'again', 'retry', 'terminal'];

export function createEngineMetrics(metrics: Metrics): EngineMetrics {
  const queues = new Map<string, Queue>();
  const total = metrics.counter({
    name: 'torpor_reconcile_total',
    help: 'Reconciliations by controller and outcome.',
    labels: { controller: [], result: results },
  });
  const duration = metrics.histogram({
    name: 'torpor_reconcile_duration_seconds',
    help: 'How long a reconciliation took.',
    labels: { controller: [] },
    buckets: DURATION_BUCKETS,
  });
  metrics.gauge({
    name: 'torpor_queue_depth',
    help: 'Keys that wait for a worker.',
    labels: { controller: [] },
    collect() {
      for (const [controller, queue] of queues) this.set({ controller }, queue.depth);
    },
  });
  metrics.gauge({
    name: 'torpor_queue_delayed',
    help: 'Keys that wait for their time.',
    labels: { controller: [] },
    collect() {
      for (const [controller, queue] of queues) this.set({ controller }, queue.delayed);
    },
  });
  return {
    register(controller, queue) {
      queues.set(controller, queue);
      for (const result of results) total.inc({ controller, result }, 0);
      duration.zero({ controller });
    },
    observe(controller, result, seconds) {
      total.inc({ controller, result });
      duration.observe({ controller }, seconds);
    },
  };
}
