import { type ChildProcess, spawn } from 'node:child_process';
import { chown, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../base/backoff.ts';
import type { Cgroups, Limits } from './cgroup.ts';
import type { SandboxIdentity } from './identity.ts';
import { SupervisorClient, type SupervisorListener, type SupervisorState } from './supervisor-client.ts';

/**
 * The place where one machine runs without Kubernetes: control group, network namespace, user, socket directory, and in
 * it the supervisor. One process is spawned for it all; it outlives the agent.
 *
 * X1  launch runs at most one supervisor for a directory, and none where a guest may have run before (the supervisor's
 *     lock decides, PROTOCOL.md S2).
 * X2  find tells what became of a sandbox after the agent was away, without changing it.
 * X3  destroy ends every process and removes control group and socket directory; idempotent, needs no launch first.
 */
export interface Sandbox {
  readonly identity: SandboxIdentity;
  /** Root's, readable by the machine's user: sockets, plan, lock. At most 70 bytes long. */
  readonly directory: string;
}

export interface LaunchOptions {
  readonly limits: Limits;
  readonly taps: readonly string[];
  /** Seconds that SIGTERM gives the guest. */
  readonly grace: number;
  /** Group for access to the accelerator's device. */
  readonly group: number | undefined;
  readonly listener: SupervisorListener;
}

export type FoundSandbox =
  | { readonly kind: 'attached'; readonly client: SupervisorClient; readonly state: SupervisorState }
  /** No supervisor, and no guest ever ran: it may be launched. */
  | { readonly kind: 'fresh' }
  /** No supervisor, and a guest may have run. */
  | { readonly kind: 'lost'; readonly message: string };

export interface ProcessSandboxes {
  at(identity: SandboxIdentity): Sandbox;
  /** Makes the directory; files for QEMU can be put into it afterwards. */
  prepare(sandbox: Sandbox): Promise<void>;
  launch(sandbox: Sandbox, options: LaunchOptions): Promise<SupervisorClient>;
  find(sandbox: Sandbox, listener: SupervisorListener): Promise<FoundSandbox>;
  /** Whether a guest may ever have run there. */
  hasRun(sandbox: Sandbox): Promise<boolean>;
  destroy(sandbox: Sandbox): Promise<void>;
}

const LONGEST_DIRECTORY = 70;
const LAUNCH_MS = 10_000;

export function createSandboxes(config: {
  readonly runDirectory: string;
  readonly supervisor: string;
  readonly cgroups: Cgroups;
}): ProcessSandboxes {
  const { runDirectory, supervisor, cgroups } = config;

  return {
    at(identity) {
      const directory = join(runDirectory, identity.name);
      if (Buffer.byteLength(directory) > LONGEST_DIRECTORY) {
        throw new Error(
          `the path ${directory} is too long for sockets: choose a --run-dir of at most ${LONGEST_DIRECTORY - 9} bytes`,
        );
      }
      return { identity, directory };
    },

    async prepare({ identity, directory }) {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      await chown(directory, 0, identity.gid);
      // QEMU makes its display socket itself; nothing else is here and the agent opens nothing in it unchecked.
      await mkdir(join(directory, 'display'), { recursive: true, mode: 0o700 });
      await chown(join(directory, 'display'), identity.uid, identity.gid);
    },

    async launch({ identity, directory }, { limits, taps, grace, group, listener }) {
      const groups = await cgroups.create(identity.name, limits);
      const errors = await open(join(directory, 'supervisor.err'), 'w', 0o600);
      let child: ChildProcess;
      try {
        const args = ['run', '--directory', directory, '--grace', String(grace)];
        args.push('--netns', identity.namespacePath, '--uid', String(identity.uid), '--gid', String(identity.gid));
        if (group !== undefined) args.push('--group', String(group));
        for (const path of groups) args.push('--cgroup', path);
        for (const tap of taps) args.push('--tap', tap);
        child = spawn(supervisor, args, {
          cwd: directory,
          env: {},
          detached: true,
          stdio: ['ignore', 'ignore', errors.fd],
        });
      } finally {
        await errors.close();
      }
      return attachWhenUp(child, directory, listener);
    },

    async find({ identity, directory }, listener) {
      try {
        return { kind: 'attached', ...(await SupervisorClient.attach(join(directory, 'control'), listener)) };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error;
      }
      const processes = await cgroups.processes(identity.name);
      const ran = await hasRun(directory);
      if (processes.length === 0 && !ran) return { kind: 'fresh' };
      // Processes without a control socket: a supervisor that has not come up. It is either on its way or broken.
      if (processes.length > 0 && !ran) return attachLate(directory, listener);
      return {
        kind: 'lost',
        message: 'its sandbox ended while the launcher was away (the host was restarted, or its processes were killed)',
      };
    },

    hasRun({ directory }) {
      return hasRun(directory);
    },

    async destroy({ identity, directory }) {
      await cgroups.destroy(identity.name);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function hasRun(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, 'lock'))).size > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function attachWhenUp(
  child: ChildProcess,
  directory: string,
  listener: SupervisorListener,
): Promise<SupervisorClient> {
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= `it ended with ${signal ?? `status ${code}`}`;
  });
  child.unref();
  const deadline = performance.now() + LAUNCH_MS;
  for (;;) {
    const client = await SupervisorClient.attach(join(directory, 'control'), listener).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return undefined;
        throw error;
      },
    );
    if (client !== undefined) return client.client;
    if (ended !== undefined || performance.now() > deadline) {
      const said = (await readFile(join(directory, 'supervisor.err'), 'utf8').catch(() => '')).trim();
      throw new Error(
        `the sandbox supervisor did not come up: ${said || ended || `no answer within ${LAUNCH_MS / 1000} s`}`,
      );
    }
    await sleep(2);
  }
}

async function attachLate(directory: string, listener: SupervisorListener): Promise<FoundSandbox> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    await sleep(20);
    const attached = await SupervisorClient.attach(join(directory, 'control'), listener).catch(() => undefined);
    if (attached !== undefined) return { kind: 'attached', ...attached };
  }
  return { kind: 'lost', message: 'its sandbox has processes that do not answer' };
}
