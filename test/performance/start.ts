import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { VirtualMachine } from '../../openapi/api.ts';
import { Client } from '../../openapi/client/client.ts';
import { connect } from '../../openapi/client/kubeconfig.ts';
import { resources } from '../../openapi/client/resources.ts';
import { watch } from '../../openapi/client/watch.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import { embedded, example } from '../harness/embedded.ts';
import { addTap, type BarePlan, copyPlan, removeTap, startBare } from './bare-qemu.ts';
import { interleave, summarize } from './samples.ts';

/**
 * create → Running as a client sees it (POST sent → watch event with phase Running), image cached, against the same
 * command line started by hand (spawn → QEMU says running).
 */
export interface StartReport {
  readonly what: 'create to Running, milliseconds';
  readonly torpor: readonly number[];
  readonly bare: readonly number[];
  readonly torporMedian: number;
  readonly bareMedian: number;
  /** 1.5 × the peer's median + 100 ms. */
  readonly promised: number;
  readonly kept: boolean;
}

/** Before each sample of either: the kernel takes down the namespace of the one before in the background. */
const SETTLE_MS = 1500;

const AT = { namespace: 'default', name: 'bench' } as const;

export async function measureStart(pairs: number, say: (line: string) => void): Promise<StartReport> {
  const client = new Client(await connect({ path: embedded.kubeconfig }), { userAgent: 'torpor-bench' });
  const machine = parse(example('tiny.yaml')) as VirtualMachine;
  machine.metadata = { ...AT };
  const directory = mkdtempSync(join(tmpdir(), 'torpor-bench-'));
  let plan: BarePlan | undefined;
  addTap();
  try {
    // The first start fetches the image and gives the plan; it is not counted.
    await startTorpor(client, machine, (uid) => {
      plan = copyPlan(join(embedded.home, 'node/machines', uid), join(embedded.home, 'run'), directory);
    });
    const bare = plan as BarePlan | undefined;
    if (bare === undefined) throw new Error('the first machine left no plan');
    await startBare(bare);
    const samples = await interleave(
      pairs,
      async () => sleep(SETTLE_MS).then(async () => noted(say, 'torpor', await startTorpor(client, machine))),
      async () => sleep(SETTLE_MS).then(async () => noted(say, 'bare', await startBare(bare))),
    );
    const [torpor, peer] = [summarize(samples.a), summarize(samples.b)];
    const promised = 1.5 * peer.median + 100;
    return {
      what: 'create to Running, milliseconds',
      torpor: samples.a,
      bare: samples.b,
      torporMedian: torpor.median,
      bareMedian: peer.median,
      promised,
      kept: torpor.median <= promised,
    };
  } finally {
    removeTap();
    rmSync(directory, { recursive: true, force: true });
  }
}

function noted(say: (line: string) => void, who: string, milliseconds: number): number {
  say(`${who.padEnd(6)} ${milliseconds.toFixed(1)} ms`);
  return Math.round(milliseconds * 10) / 10;
}

async function startTorpor(client: Client, machine: VirtualMachine, running?: (uid: string) => void): Promise<number> {
  const stop = new AbortController();
  const { metadata } = await client.list(resources.virtualMachines, { namespace: AT.namespace });
  let finish: (at: number) => void = () => {};
  const seen = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const options = {
    namespace: AT.namespace,
    fieldSelector: `metadata.name=${AT.name}`,
    resourceVersion: metadata.resourceVersion ?? '',
    signal: stop.signal,
  };
  const watching = watch(client, resources.virtualMachines, options, (event) => {
    if (event.type !== 'BOOKMARK' && event.object.status?.phase === 'Running') finish(performance.now());
  }).catch(() => undefined);
  await sleep(100); // the watch is open before the clock runs
  const began = performance.now();
  const created = await client.create(resources.virtualMachines, machine);
  const took =
    (await Promise.race([seen, sleep(60_000).then(() => Promise.reject(new Error('not Running within 60 s')))])) -
    began;
  stop.abort(new Error('seen'));
  await watching;
  running?.(created.metadata?.uid ?? '');
  await remove(client);
  return took;
}

async function remove(client: Client): Promise<void> {
  await client.patch(resources.virtualMachines, AT, { spec: { terminationGracePeriodSeconds: 0 } });
  await client.delete(resources.virtualMachines, AT);
  for (let attempt = 0; attempt < 600; attempt += 1) {
    try {
      await client.get(resources.virtualMachines, AT);
    } catch (error) {
      if (isError(error, 'notFound')) return;
      throw error;
    }
    await sleep(50);
  }
  throw new Error('the machine of the benchmark does not go away');
}
