import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../base/backoff.ts';
import type { Hierarchy } from './cgroup-mounts.ts';

/**
 * One control group for each machine, `torpor/<name>` in every hierarchy.
 *
 * G1  create is idempotent and leaves every limit at its value.
 * G2  destroy ends every process in the group, however many times they fork, then removes the group; a group that is
 *     not there is already destroyed. Processes are named by the kernel's list, never by a remembered number.
 */
export interface Limits {
  /** Bytes. */
  readonly memory: number;
  readonly processes: number;
  /** Relative weight in thousandths of a core; 1000 is the weight of an ordinary process. */
  readonly cpu: number;
}

export interface Cgroups {
  create(name: string, limits: Limits): Promise<readonly string[]>;
  /** Directories that a process joins by writing to cgroup.procs. */
  paths(name: string): readonly string[];
  processes(name: string): Promise<number[]>;
  destroy(name: string): Promise<void>;
  /** Names of groups whose name starts with `prefix`. */
  list(prefix: string): Promise<string[]>;
  /** Bytes in use; undefined when the group is not there. */
  memoryInUse(name: string): Promise<number | undefined>;
}

const PARENT = 'torpor';
const DESTROY_MS = 10_000;

export function createCgroups(found: readonly Hierarchy[]): Cgroups {
  const path = (hierarchy: Hierarchy, name: string) => join(hierarchy.mountPoint, PARENT, name);
  const paths = (name: string) => found.map((hierarchy) => path(hierarchy, name));
  return {
    paths,
    async create(name, limits) {
      for (const hierarchy of found) {
        await mkdir(path(hierarchy, name), { recursive: true });
        if (hierarchy.version === 2) await delegate(hierarchy);
        for (const [file, value] of settings(hierarchy, limits))
          await writeFile(join(path(hierarchy, name), file), value);
      }
      return paths(name);
    },
    async processes(name) {
      const lists = await Promise.all(paths(name).map(members));
      return [...new Set(lists.flat())];
    },
    async destroy(name) {
      const deadline = performance.now() + DESTROY_MS;
      for (;;) {
        const left = await this.processes(name);
        for (const pid of left) end(pid);
        if (left.length === 0 && (await removeAll(paths(name)))) return;
        if (performance.now() > deadline)
          throw new Error(`control group ${PARENT}/${name} is still in use by processes ${left.join(', ')}`);
        await sleep(5);
      }
    },
    async list(prefix) {
      const lists = await Promise.all(
        found.map(({ mountPoint }) => readdir(join(mountPoint, PARENT), { withFileTypes: true }).catch(() => [])),
      );
      const names = lists.flat().filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix));
      return [...new Set(names.map((entry) => entry.name))].sort();
    },
    async memoryInUse(name) {
      const hierarchy = found.find(({ controllers }) => controllers.includes('memory'));
      if (hierarchy === undefined) return undefined;
      const file = hierarchy.version === 1 ? 'memory.usage_in_bytes' : 'memory.current';
      const text = await readFile(join(path(hierarchy, name), file), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : Number(text);
    },
  };
}

/** In version 2 a group has the controllers that its parents hand down. */
async function delegate({ mountPoint, controllers }: Hierarchy): Promise<void> {
  const wanted = controllers.map((controller) => `+${controller}`).join(' ');
  for (const parent of [mountPoint, join(mountPoint, PARENT)])
    await writeFile(join(parent, 'cgroup.subtree_control'), wanted);
}

function settings({ version, controllers }: Hierarchy, limits: Limits): [string, string][] {
  const list: [string, string][] = [];
  for (const controller of controllers) {
    switch (controller) {
      case 'memory':
        list.push([version === 1 ? 'memory.limit_in_bytes' : 'memory.max', String(limits.memory)]);
        break;
      case 'pids':
        list.push(['pids.max', String(limits.processes)]);
        break;
      case 'cpu':
        // 1024 shares, or a weight of 100, are what an ordinary group has.
        if (version === 1) list.push(['cpu.shares', String(Math.max(2, Math.round((limits.cpu * 1024) / 1000)))]);
        else list.push(['cpu.weight', String(Math.min(10_000, Math.max(1, Math.round(limits.cpu / 10))))]);
        break;
    }
  }
  return list;
}

async function members(path: string): Promise<number[]> {
  const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    // ENODEV: the group went away between opening and reading.
    if (error.code === 'ENOENT' || error.code === 'ENODEV') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
    .filter((pid) => pid > 0);
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** False when a group is still busy: its last process has been killed and not yet been reaped. */
async function removeAll(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    try {
      await rmdir(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EBUSY') return false;
      if (code !== 'ENOENT') throw error;
    }
  }
  return true;
}
