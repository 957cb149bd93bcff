import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, clusterDown, clusterUp } from '../../harness/kubernetes.ts';
import { summarize } from '../samples.ts';
import { measureFanOut, WATCHERS } from './fan-out.ts';
import { CLIENTS, runLoad } from './load.ts';
import { Memory } from './memory.ts';
import { fill } from './objects.ts';
import { askerOf, LOADED, listed, prepare, type System, WATCHED } from './systems.ts';

/**
 * Our API against a custom resource with the same object on the kube-apiserver of the same run, each with an etcd of its
 * own with the same flags; direct, and through the aggregator. Every series is interleaved A-B-C-C-B-A.
 */
export interface ApiReport {
  readonly clients: number;
  readonly comparisons: readonly Comparison[];
  readonly kept: boolean;
}

export interface Comparison {
  readonly what: string;
  readonly system: System['name'];
  readonly unit: 'per second' | 'ms' | 'MiB';
  readonly samples: readonly number[];
  readonly peer: readonly number[];
  readonly median: number;
  readonly peerMedian: number;
  readonly ratio: number;
  readonly promised: { readonly atLeast: number } | { readonly atMost: number } | undefined;
  readonly kept: boolean;
}

export interface ApiSettings {
  /** Pairs of every series. */
  readonly pairs: number;
  readonly seconds: number;
  readonly objects: number;
}

type Series = Readonly<Record<System['name'], number[]>>;
type Promised = Comparison['promised'];

const newSeries = (): Series => ({ crd: [], direct: [], aggregated: [] });

/** Objects stay where they are made: the cluster is made for this, and goes with them. */
export async function measureApi(settings: ApiSettings, say: (line: string) => void): Promise<ApiReport> {
  await clusterDown();
  const cluster = await clusterUp();
  for (const name of DISTURBING) await cluster.freeze(name);
  try {
    return await measure(cluster, settings, say);
  } finally {
    for (const name of DISTURBING) await cluster.thaw(name);
    await clusterDown();
  }
}

/** Neither system needs them here, and both would be disturbed by them. */
const DISTURBING = ['kube-controller-manager', 'kube-scheduler', 'torpor-reconcilers'] as const;

/** Rounds of ten thousand objects each; every one restarts both servers. */
const RESIDENT_ROUNDS = 2;
/** Both servers have just been restarted, and are slower in their first seconds. */
const WARM_UP_SECONDS = 5;
/** Events that every watcher gets in one round. */
const EVENTS = 5;

async function measure(cluster: Cluster, settings: ApiSettings, say: (line: string) => void): Promise<ApiReport> {
  const { pairs, seconds, objects } = settings;
  const { systems, token } = await prepare(cluster, RESIDENT_ROUNDS);
  const [crd, direct] = systems as [System, System, System];
  const stored = [crd, direct];
  const comparisons: Comparison[] = [];
  const compare = (
    what: string,
    unit: Comparison['unit'],
    series: Series,
    promised: Partial<Record<System['name'], Promised>>,
  ): void => {
    for (const name of ['direct', 'aggregated'] as const) {
      if (series[name].length === 0) continue;
      const comparison = compared(what, name, unit, series, promised[name]);
      comparisons.push(comparison);
      say(shown(comparison));
    }
  };

  const resident = newSeries();
  const held = new Map<System, number>();
  for (const system of stored) held.set(system, await residentAfterRestart(cluster, system, token));
  for (let round = 0; round < RESIDENT_ROUNDS; round += 1)
    for (const system of round % 2 === 0 ? stored : stored.toReversed()) {
      await fill(system, token, listed(round), objects);
      const now = await residentAfterRestart(cluster, system, token);
      resident[system.name].push(now - (held.get(system) ?? 0));
      held.set(system, now);
    }
  compare(`resident for ${objects} objects`, 'MiB', resident, { direct: { atMost: 0.15 } });

  const [lists, extra] = [newSeries(), newSeries()];
  await interleaved(pairs, systems, async (system) => {
    const asker = await askerOf(system, token, listed(0));
    const memory = await Memory.of(cluster, system.process);
    const resting = await memory.now();
    await memory.forget();
    const { status, milliseconds } = await asker.ask('GET', '');
    if (status !== 200) throw new Error(`list of ${system.name}: ${status}`);
    lists[system.name].push(milliseconds);
    if (system.name !== 'aggregated') extra[system.name].push((await memory.peak()) - resting);
    asker.close();
    await sleep(1000);
  });
  compare(`list of ${objects}`, 'ms', lists, { direct: { atMost: 0.15 } });
  compare(`extra memory of a list of ${objects}`, 'MiB', extra, { direct: { atMost: 0.1 } });

  for (const system of systems) {
    const url = system.collection(LOADED);
    await runLoad({ method: 'POST', url, token, body: system.body, seconds: WARM_UP_SECONDS });
  }
  const creates = newSeries();
  await interleaved(pairs, systems, async (system) => {
    const url = system.collection(LOADED);
    const result = await runLoad({ method: 'POST', url, token, body: system.body, seconds });
    creates[system.name].push(result.perSecond);
  });
  compare('create', 'per second', creates, { direct: { atLeast: 2 }, aggregated: { atLeast: 1 } });

  const names = new Map<string, string>();
  for (const system of stored) names.set(system.process, await fill(system, token, LOADED, 1));
  const nameOf = (system: System): string => names.get(system.process) ?? '';
  for (const system of systems) {
    const url = `${system.collection(LOADED)}/${nameOf(system)}`;
    await runLoad({ method: 'GET', url, token, seconds: WARM_UP_SECONDS });
  }
  const gets = newSeries();
  await interleaved(pairs, systems, async (system) => {
    const url = `${system.collection(LOADED)}/${nameOf(system)}`;
    gets[system.name].push((await runLoad({ method: 'GET', url, token, seconds })).p50);
  });
  compare('get, p50', 'ms', gets, { direct: { atMost: 0.4 } });

  const watched = new Map<System, string>();
  for (const system of stored) watched.set(system, await fill(system, token, WATCHED, 1));
  const fanOut = newSeries();
  await interleaved(pairs, stored, async (system) => {
    fanOut[system.name].push(...(await measureFanOut(system, token, watched.get(system) ?? '', EVENTS)));
  });
  compare(`last of ${WATCHERS} watchers`, 'ms', fanOut, { direct: { atMost: 0.6 } });
  return { clients: CLIENTS, comparisons, kept: comparisons.every(({ kept }) => kept) };
}

/** What the process holds once it has started anew, has listed everything once and has come to rest. */
async function residentAfterRestart(cluster: Cluster, system: System, token: string): Promise<number> {
  await cluster.stop(system.process);
  await cluster.start(system.process);
  const asker = await askerOf(system, token, listed(0));
  await asker.ask('GET', '?resourceVersion=0');
  asker.close();
  await sleep(5_000);
  return (await Memory.of(cluster, system.process)).now();
}

/** A-B-C-C-B-A, so that a drift of the computer's speed weighs on all alike. */
async function interleaved(
  rounds: number,
  systems: readonly System[],
  sample: (system: System) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1)
    for (const system of round % 2 === 0 ? systems : systems.toReversed()) await sample(system);
}

function compared(
  what: string,
  system: System['name'],
  unit: Comparison['unit'],
  series: Series,
  promised: Promised,
): Comparison {
  const [samples, peer] = [series[system].map(rounded), series.crd.map(rounded)];
  const [median, peerMedian] = [summarize(samples).median, summarize(peer).median];
  const ratio = rounded(median / peerMedian);
  return { what, system, unit, samples, peer, median, peerMedian, ratio, promised, kept: keeps(ratio, promised) };
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

function keeps(ratio: number, promised: Promised): boolean {
  if (promised === undefined) return true;
  return 'atLeast' in promised ? ratio >= promised.atLeast : ratio <= promised.atMost;
}

function shown({ what, system, unit, median, peerMedian, ratio, promised, kept }: Comparison): string {
  const limit =
    promised === undefined ? '' : 'atLeast' in promised ? ` (≥ ${promised.atLeast})` : ` (≤ ${promised.atMost})`;
  const figures = `${median.toFixed(1)} against ${peerMedian.toFixed(1)} ${unit}`;
  return `${what.padEnd(36)} ${system.padEnd(10)} ${figures}: ${ratio.toFixed(2)} ×${limit}${kept ? '' : ' NOT KEPT'}`;
}
