import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the kernel's control groups are: each controller has its hierarchy (version 1), or all share one (version 2). */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** Those of our controllers that this hierarchy has. */
  readonly controllers: readonly Controller[];
}

export const CONTROLLERS = ['memory', 'pids', 'cpu'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** Pure: from the text of /proc/self/mounts, and what cgroup.controllers says below a version 2 mount point. */
export function hierarchies(mounts: string, unified: ReadonlyMap<string, string>): Hierarchy[] {
  const found: Hierarchy[] = [];
  const free = new Set<Controller>(CONTROLLERS);
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const take = (version: 1 | 2, mountPoint: string, offered: readonly string[]) => {
    const controllers = CONTROLLERS.filter((controller) => free.has(controller) && offered.includes(controller));
    if (controllers.length === 0) return;
    for (const controller of controllers) free.delete(controller);
    found.push({ version, mountPoint, controllers });
  };
  for (const [, mountPoint = '', type, options = ''] of lines)
    if (type === 'cgroup') take(1, mountPoint, options.split(','));
  for (const [, mountPoint = '', type] of lines) {
    if (type === 'cgroup2') take(2, mountPoint, (unified.get(mountPoint) ?? '').trim().split(' '));
  }
  return found;
}

/** @throws Error that says what to do when the machine has no control groups with our controllers. */
export async function findHierarchies(): Promise<Hierarchy[]> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const unified = new Map<string, string>();
  for (const line of mounts.split('\n')) {
    const [, mountPoint, type] = line.split(' ');
    if (type !== 'cgroup2' || mountPoint === undefined) continue;
    unified.set(mountPoint, await readFile(join(mountPoint, 'cgroup.controllers'), 'utf8').catch(() => ''));
  }
  const found = hierarchies(mounts, unified);
  const present = found.flatMap(({ controllers }) => controllers);
  const missing = CONTROLLERS.filter((controller) => !present.includes(controller));
  if (missing.length > 0) {
    throw new Error(
      `the kernel offers no control group for ${missing.join(', ')}: mount cgroup2 at /sys/fs/cgroup, or the controllers of version 1 below it`,
    );
  }
  return found;
}
