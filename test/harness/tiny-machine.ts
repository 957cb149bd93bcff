import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Condition, VirtualMachine, VirtualMachineSpec, VirtualMachineStatus, Volume } from '../../openapi/api.ts';
import { embedded, kubectl, kubectlJSON, run } from './embedded.ts';
import { eventually } from './eventually.ts';

/** Small machines for end-to-end tests: as kubectl takes them, and as kubectl shows them. */
export interface TinyOptions {
  /** Each is attached as a disk; by default the tiny guest's. */
  readonly volumes?: readonly Volume[];
  readonly runStrategy?: VirtualMachineSpec['runStrategy'];
  /** Default 10. */
  readonly terminationGracePeriodSeconds?: number;
}

export function tinyDisk(): Volume {
  return { name: 'root', registryDisk: { image: `${embedded.registry}/tiny:latest` } };
}

/** A seed for the tiny guest. */
export function seed(userData: string): Volume {
  return { name: 'seed', cloudInitNoCloud: { userData } };
}

/** JSON for `kubectl apply -f -`. */
export function tinyMachine(name: string, options: TinyOptions = {}): string {
  const { volumes = [tinyDisk()], runStrategy, terminationGracePeriodSeconds = 10 } = options;
  const machine: VirtualMachine = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      ...(runStrategy === undefined ? {} : { runStrategy }),
      terminationGracePeriodSeconds,
      domain: {
        memory: { guest: '128Mi' },
        devices: {
          disks: volumes.map((volume) => ({ name: volume.name, disk: { bus: 'virtio' } })),
          interfaces: [{ name: 'default', masquerade: {}, model: 'virtio', ports: [{ port: 80 }] }],
        },
      },
      networks: [{ name: 'default', pod: {} }],
      volumes: [...volumes],
    },
  };
  return JSON.stringify(machine);
}

export async function createTiny(name: string, options: TinyOptions = {}): Promise<void> {
  await kubectl(['create', '-f', '-'], tinyMachine(name, options));
}

export function machine(name: string): Promise<VirtualMachine> {
  return kubectlJSON<VirtualMachine>(['get', 'vm', name]);
}

export async function statusOf(name: string): Promise<VirtualMachineStatus> {
  return (await machine(name)).status ?? {};
}

export function condition(status: VirtualMachineStatus, type: string): Condition | undefined {
  return status.conditions?.find((one) => one.type === type);
}

/** Waits until the status of a machine is as wanted; what it was last is in the error. */
export async function untilStatus(
  name: string,
  what: string,
  wanted: (status: VirtualMachineStatus) => boolean,
  timeoutMs = 60_000,
): Promise<VirtualMachineStatus> {
  let last: VirtualMachineStatus = {};
  return eventually(`${name}: ${what}`, timeoutMs, async () => {
    last = await statusOf(name);
    return wanted(last) ? last : undefined;
  }).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; its status is ${JSON.stringify(last)}`);
  });
}

/** Running in a boot whose guest answers to QMP; another boot than `notBoot`, when given. */
export function untilRunning(name: string, notBoot?: string): Promise<VirtualMachineStatus> {
  const wanted = (status: VirtualMachineStatus) =>
    status.phase === 'Running' &&
    condition(status, 'Running')?.status === 'True' &&
    status.bootID !== undefined &&
    status.bootID !== notBoot;
  return untilStatus(name, 'is running', wanted, 120_000);
}

/** Deletes and waits until the object is gone. */
export async function deleteMachines(...names: string[]): Promise<void> {
  await kubectl(['delete', 'vm', ...names, '--ignore-not-found', '--timeout=100s']);
}

export async function exists(name: string): Promise<boolean> {
  const { code, stderr } = await run('kubectl', ['get', 'vm', name]);
  if (code !== 0 && !/not found/.test(stderr)) throw new Error(stderr);
  return code === 0;
}

/** What the node has of images: finished ones by digest, and what is on its way. */
export function imageCache(): { readonly finished: readonly string[]; readonly unfinished: readonly string[] } {
  const directory = join(embedded.home, 'node/images');
  const finished = readdirSync(directory).filter((name) => name !== 'partial' && name !== 'references');
  return { finished: finished.sort(), unfinished: readdirSync(join(directory, 'partial')) };
}
