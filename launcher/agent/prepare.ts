import type { PreparedInterface } from '../network/network.ts';
import type { MachineRecord } from '../sandbox/record.ts';
import type { DiskSource } from '../volumes/volume.ts';
import { type BootPlace, makeDirectories, volumeContext } from './boot-place.ts';
import type { Node } from './node.ts';
import type { Trouble } from './status.ts';

/** One attempt to get everything ready that a guest needs. */
export type Preparation =
  | {
      readonly kind: 'ready';
      readonly disks: ReadonlyMap<string, DiskSource>;
      readonly interfaces: readonly PreparedInterface[];
      /** The guest may not run before (network.ts N1). */
      readonly networkComplete: Promise<void>;
      readonly timings: { readonly volumes: number; readonly network: number };
    }
  /** Comes by itself or is retried; `failed` when a person has to act. */
  | {
      readonly kind: 'not-ready';
      readonly failed: boolean;
      readonly troubles: readonly Trouble[];
      readonly ready: readonly Trouble['type'][];
    };

/** Volumes and network at the same time. @throws the signal's reason, and what nobody foresaw. */
export async function prepareBoot(
  node: Node,
  record: MachineRecord,
  place: BootPlace,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<Preparation> {
  await makeDirectories(node, record, place);
  const began = performance.now();
  const since = () => Math.round(performance.now() - began);
  const says = new Map<string, string>();
  const context = volumeContext(node, record, place, signal, (volume, message) => {
    says.set(volume, `${volume}: ${message}`);
    progress([...says.values()].join('; '));
  });
  const both = await Promise.allSettled([
    node.volumes.prepareAll(record.machine, context).then((outcomes) => ({ outcomes, ms: since() })),
    node.network.prepare(record.machine, place.network, signal).then((outcome) => ({ outcome, ms: since() })),
  ]);
  signal.throwIfAborted();
  const [volumes, network] = both;
  if (volumes.status === 'rejected') throw volumes.reason;
  if (network.status === 'rejected') throw network.reason;

  const troubles: Trouble[] = [];
  let failed = false;
  const disks = new Map<string, DiskSource>();
  const problems: { reason: string; message: string }[] = [];
  for (const [name, outcome] of volumes.value.outcomes) {
    switch (outcome.kind) {
      case 'ready':
        disks.set(name, outcome.source);
        break;
      case 'waiting':
        problems.push(outcome);
        break;
      case 'failed':
        problems.unshift(outcome);
        failed = true;
        break;
      default:
        outcome satisfies never;
    }
  }
  const [first] = problems;
  if (first !== undefined)
    troubles.push({
      type: 'VolumesReady',
      reason: first.reason,
      message: problems.map(({ message }) => message).join('; '),
    });
  const { outcome } = network.value;
  if (outcome.kind === 'failed') {
    failed = true;
    troubles.push({ type: 'NetworkReady', reason: outcome.reason, message: outcome.message });
  }
  if (outcome.kind === 'failed' || troubles.length > 0) {
    const ready = (['VolumesReady', 'NetworkReady'] as const).filter(
      (type) => !troubles.some((trouble) => trouble.type === type),
    );
    return { kind: 'not-ready', failed, troubles, ready };
  }
  return {
    kind: 'ready',
    disks,
    interfaces: outcome.interfaces,
    networkComplete: outcome.complete,
    timings: { volumes: volumes.value.ms, network: network.value.ms },
  };
}
