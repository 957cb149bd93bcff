import { cpus, totalmem } from 'node:os';
import { Backoff, sleep } from '../../base/backoff.ts';
import type { Host, HostStatus } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import { resources } from '../../openapi/client/resources.ts';
import { setCondition } from '../../openapi/machine/conditions.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import { formatQuantity, quantityOfBytes, quantityOfMilli } from '../../openapi/machinery/quantity.ts';
import type { Accelerator } from '../accelerator/probe.ts';

/** What the agent says of its host. */
export interface HostReport {
  readonly nodeName: string;
  readonly endpoint: string;
  readonly addresses: readonly string[];
  readonly accelerator: Accelerator;
  readonly machineTypes: readonly string[];
  readonly qemuVersion: string;
  readonly launcherVersion: string;
  /** Bytes that machines may not have: the system's and our own processes. */
  readonly reservedMemory: number;
  readonly images: () => Promise<
    readonly { readonly names: readonly string[]; readonly sizeBytes: number; readonly digest?: string }[]
  >;
}

/** The share of memory that is kept back: an eighth, at least 512 MiB and at most 4 GiB. */
export function defaultReservedMemory(total = totalmem()): number {
  const MIB = 1024 * 1024;
  return Math.min(4096 * MIB, Math.max(512 * MIB, Math.floor(total / 8)));
}

/** Pure but for the machine's size; keeps what others wrote. */
export function hostStatus(
  before: HostStatus | undefined,
  report: HostReport,
  images: HostStatus['images'],
  now: Date,
): HostStatus {
  const { accelerator } = report;
  const kvm = accelerator.name === 'kvm';
  const cores = cpus().length;
  const memory = totalmem();
  const ready = setCondition(
    before?.conditions,
    { type: 'Ready', status: 'True', reason: 'LauncherReady', message: 'The launcher takes machines.' },
    now,
  );
  const conditions = setCondition(
    ready,
    kvm
      ? { type: 'Accelerated', status: 'True', reason: 'GuestRan', message: 'A guest ran under kvm.' }
      : { type: 'Accelerated', status: 'False', reason: accelerator.reason, message: accelerator.message },
    now,
  );
  const { live: _live, ...kept } = before ?? {};
  return {
    ...kept,
    capacity: { cpu: String(cores), memory: bytes(memory) },
    allocatable: { cpu: milli(cores * 1000), memory: bytes(wholeMib(Math.max(0, memory - report.reservedMemory))) },
    conditions: [...conditions],
    addresses: [...report.addresses],
    agent: { endpoint: report.endpoint },
    accelerator: { name: accelerator.name, reason: kvm ? 'A guest ran under kvm.' : accelerator.message },
    machineTypes: [...report.machineTypes].sort(),
    launcherVersion: report.launcherVersion,
    qemuVersion: report.qemuVersion,
    ...(images === undefined ? {} : { images }),
  };
}

const wholeMib = (amount: number) => Math.floor(amount / 1048576) * 1048576;
const bytes = (amount: number) => formatQuantity(quantityOfBytes(BigInt(amount)));
const milli = (amount: number) => formatQuantity(quantityOfMilli(BigInt(amount)));

const LOOK_MS = 60_000;

/**
 * Keeps the Host object up to date: made when it is missing, written when something changed, looked at every minute and
 * whenever `look` resolves. Resolves when the signal aborts; never rejects. `reported` is called after the first success.
 */
export async function keepHostReported(
  client: Client,
  report: HostReport,
  signal: AbortSignal,
  onProblem: (problem: string, error: unknown) => void,
  reported: () => void,
): Promise<void> {
  const backoff = new Backoff({ initialMs: 250, maxMs: 15_000 });
  while (!signal.aborted) {
    try {
      await reportOnce(client, report, signal);
      backoff.reset();
      reported();
      await sleep(LOOK_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isError(error, 'conflict')) onProblem('the Host object cannot be written', error);
      await backoff.wait(signal).catch(() => undefined);
    }
  }
}

async function reportOnce(client: Client, report: HostReport, signal: AbortSignal): Promise<void> {
  const { nodeName: name } = report;
  const host = await client.get(resources.hosts, { name }, { signal }).catch(async (error: unknown): Promise<Host> => {
    if (!isError(error, 'notFound')) throw error;
    const fresh: Host = { apiVersion: 'torpor.dev/v1alpha1', kind: 'Host', metadata: { name }, spec: {} };
    return client.create(resources.hosts, fresh, { signal });
  });
  const images = (await report.images())
    .flatMap(({ names, sizeBytes, digest }) => (digest === undefined ? [] : [{ digest, names: [...names], sizeBytes }]))
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, 50);
  const status = hostStatus(host.status, report, images, new Date());
  const { live: _live, ...known } = host.status ?? {};
  if (JSON.stringify(sorted(known)) === JSON.stringify(sorted(status))) return;
  await client.updateStatus(resources.hosts, { ...host, status }, { signal });
}

/** Keys in one order, so that equal values have equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
