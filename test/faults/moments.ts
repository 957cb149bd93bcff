import { kubectl, run } from '../harness/embedded.ts';
import { diskLayer, type FakeRegistry } from '../harness/fake-registry.ts';
import { createTiny, untilRunning, untilStatus } from '../harness/tiny-machine.ts';

/**
 * The moments of a machine's life at which a process is killed. `begin` returns when the moment has come and what goes
 * on next is under way; the kill follows within `spreadMs`. Whatever was killed, the machine ends as `ends` says.
 */
export interface Moment {
  readonly name: string;
  /** Milliseconds after `begin` within which the kill happens. */
  readonly spreadMs: number;
  readonly ends: 'running' | 'stopped' | 'gone';
  /** @returns the boot that must be over in the end, if there is one. */
  begin(machine: string, registry: FakeRegistry): Promise<string | undefined>;
}

/** No system on it: QEMU runs and costs next to nothing, and the guest hears no power button. */
const BLANK = [{ name: 'root', emptyDisk: { capacity: '1Gi' } }];

async function createBlank(machine: string): Promise<undefined> {
  await createTiny(machine, { volumes: BLANK, terminationGracePeriodSeconds: 1 });
}

/** @returns its boot. */
async function createRunning(machine: string): Promise<string | undefined> {
  await createBlank(machine);
  return (await untilRunning(machine)).bootID;
}

export const MOMENTS: readonly Moment[] = [
  {
    name: 'pulling',
    spreadMs: 1500,
    ends: 'running',
    /** An image that comes over about a second and a half, and is not in the cache yet. */
    async begin(machine, registry) {
      const layer = await diskLayer(Buffer.alloc(1 << 20, machine));
      const { image } = registry.add(machine, [layer]);
      registry.misbehave = ({ url = '' }, response) => {
        if (!url.includes('/blobs/')) return false;
        const [, bytes] = [...registry.blobs].find(([digest]) => url.endsWith(digest)) ?? [];
        if (bytes === undefined) return false;
        response.writeHead(200, { 'content-length': bytes.length });
        const part = Math.ceil(bytes.length / 15);
        let at = 0;
        const timer = setInterval(() => {
          response.write(bytes.subarray(at, at + part));
          at += part;
          if (at >= bytes.length) response.end();
        }, 100);
        response.once('close', () => clearInterval(timer));
        return true;
      };
      await createTiny(machine, {
        volumes: [{ name: 'root', registryDisk: { image } }],
        terminationGracePeriodSeconds: 1,
      });
      return undefined;
    },
  },
  { name: 'starting', spreadMs: 400, ends: 'running', begin: createBlank },
  {
    name: 'running',
    spreadMs: 1000,
    ends: 'running',
    async begin(machine) {
      await createRunning(machine);
      return undefined;
    },
  },
  {
    name: 'restarting',
    spreadMs: 2000,
    ends: 'running',
    async begin(machine) {
      const boot = await createRunning(machine);
      const { code, stderr } = await run('kubectl', ['vm', 'restart', machine]);
      if (code !== 0) throw new Error(stderr);
      return boot;
    },
  },
  {
    name: 'stopping',
    spreadMs: 1000,
    ends: 'stopped',
    async begin(machine) {
      await createRunning(machine);
      await kubectl(['patch', 'vm', machine, '--type=merge', '-p', '{"spec":{"runStrategy":"Halted"}}']);
      return undefined;
    },
  },
  {
    name: 'deleting',
    spreadMs: 1000,
    ends: 'gone',
    async begin(machine) {
      await createRunning(machine);
      await kubectl(['delete', 'vm', machine, '--wait=false']);
      return undefined;
    },
  },
];

/** Waits until the machine is where it belongs; `over` is a boot that it must have left. */
export async function untilEnd(machine: string, ends: Moment['ends'], over: string | undefined): Promise<void> {
  switch (ends) {
    case 'running':
      await untilRunning(machine, over);
      return;
    case 'stopped':
      await untilStatus(machine, 'is stopped', ({ phase, nodeName }) => phase === 'Stopped' && nodeName === undefined);
      return;
    case 'gone':
      await kubectl(['wait', `vm/${machine}`, '--for=delete', '--timeout=100s']);
      return;
    default:
      ends satisfies never;
  }
}
