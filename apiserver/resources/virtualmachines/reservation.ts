import type { Host, StatusCause, VirtualMachine } from '../../../openapi/api.ts';
import { type Demand, demandOf } from '../../../openapi/machine/demand.ts';
import { quantityMilliValue, quantityValue, tryParseQuantity } from '../../../openapi/machinery/quantity.ts';
import type { Change, Store } from '../../../storage/store.ts';

/**
 * What hosts have promised to machines: one key per host, changed only in the transaction that binds or releases a
 * machine.
 *
 * R1  A machine has an entry at exactly the host of its status.nodeName.
 * R2  The sum of a host's entries never exceeds its allocatable resources: the sum is taken from the version of the key
 *     that the transaction replaces, so of two schedulers one wins and the other decides again.
 * R3  A machine that holds an entry keeps the amount that it was bound with, whatever becomes of its spec.
 */
interface Reservations {
  readonly machines: Readonly<Record<string, Demand>>;
}

export const reservationKey = (host: string): string => `/reservations/${host}`;

export type Reserved =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'refused'; readonly causes: readonly StatusCause[] };

/** `host` is what the server knows of the host of `next`. The changes go into the machine's own transaction. */
export async function reserve(
  store: Store,
  next: VirtualMachine | undefined,
  old: VirtualMachine | undefined,
  hostOf: (name: string) => Promise<Host | undefined>,
): Promise<Reserved> {
  const from = old?.status?.nodeName ?? '';
  const to = next?.status?.nodeName ?? '';
  if (from === to) return { kind: 'changes', changes: [] };
  const changes: Change[] = [];
  if (from !== '' && old !== undefined) changes.push(...(await released(store, from, uidOf(old))));
  if (to !== '' && next !== undefined) {
    const host = await hostOf(to);
    const { entry } = await store.get(reservationKey(to));
    const reservations = parse(entry?.value);
    const demand = demandOf(next);
    const causes = shortages(reservations, uidOf(next), demand, host, to);
    if (causes.length > 0) return { kind: 'refused', causes };
    const machines = { ...reservations.machines, [uidOf(next)]: demand };
    changes.push(put(to, { machines }, entry?.revision ?? 0n));
  }
  return { kind: 'changes', changes };
}

async function released(store: Store, host: string, uid: string): Promise<readonly Change[]> {
  const { entry } = await store.get(reservationKey(host));
  if (entry === undefined) return [];
  const { [uid]: gone, ...machines } = parse(entry.value).machines;
  if (gone === undefined) return [];
  if (Object.keys(machines).length === 0) {
    return [{ kind: 'remove', key: reservationKey(host), expect: entry.revision }];
  }
  return [put(host, { machines }, entry.revision)];
}

function shortages(
  reservations: Reservations,
  uid: string,
  demand: Demand,
  host: Host | undefined,
  name: string,
): readonly StatusCause[] {
  const field = 'target.name';
  const allocatable = host?.status?.allocatable;
  if (host === undefined)
    return [{ reason: 'HostNotFound', message: `there is no host ${JSON.stringify(name)}`, field }];
  const cpu = tryParseQuantity(allocatable?.cpu);
  const memory = tryParseQuantity(allocatable?.memory);
  if (cpu === undefined || memory === undefined) {
    return [{ reason: 'HostNotReady', message: `host ${name} has not reported what it can give`, field }];
  }
  let usedCpu = 0;
  let usedMemory = 0;
  for (const [other, taken] of Object.entries(reservations.machines)) {
    if (other === uid) continue;
    usedCpu += taken.cpu;
    usedMemory += taken.memory;
  }
  const freeCpu = Number(quantityMilliValue(cpu)) - usedCpu;
  const freeMemory = Number(quantityValue(memory)) - usedMemory;
  return [
    ...(demand.cpu > freeCpu
      ? [
          {
            reason: 'InsufficientCPU',
            message: `host ${name} has ${freeCpu}m cpu left, ${demand.cpu}m are needed`,
            field,
          },
        ]
      : []),
    ...(demand.memory > freeMemory
      ? [
          {
            reason: 'InsufficientMemory',
            message: `host ${name} has ${mebibytes(freeMemory)} of memory left, ${mebibytes(demand.memory)} are needed`,
            field,
          },
        ]
      : []),
  ];
}

function parse(value: Buffer | undefined): Reservations {
  if (value === undefined) return { machines: {} };
  return JSON.parse(value.toString('utf8')) as Reservations;
}

function put(host: string, reservations: Reservations, expect: bigint): Change {
  return { kind: 'put', key: reservationKey(host), value: Buffer.from(JSON.stringify(reservations)), expect };
}

const uidOf = (machine: VirtualMachine) => machine.metadata.uid ?? '';
const mebibytes = (bytes: number) => `${Math.floor(bytes / 1024 / 1024)}Mi`;
