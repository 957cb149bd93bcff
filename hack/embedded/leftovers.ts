import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { identifyProcess } from '../../base/process-identity.ts';
import { createNetwork } from '../../launcher/network/embedded-network.ts';
import { installationMark } from '../../launcher/sandbox/identity.ts';
import { goneWithin } from './detached.ts';
import type { Home } from './home.ts';

/**
 * What machines have on the host besides files: processes, network, control groups, mounts. hack/down removes what the
 * launcher could not (it was killed, or its API server was).
 *
 * X1  Another home may be up on the same host: only programs that run from or for this home are touched, and only names
 *     with this installation's mark, as the launcher gives them.
 * X2  What homes share (the host's nft table, the parent of the control groups) goes with the last of them.
 */
export interface Leftover {
  /** For people, for example `process 4711 qemu-system-x86_64`. */
  readonly what: string;
  remove(): Promise<void>;
}

const execute = promisify(execFile);

/** `networkCidr` is the one that the launcher was started with. */
export async function findLeftovers(home: Home, networkCidr: string): Promise<readonly Leftover[]> {
  const mark = installationMark(home.node);
  return [
    ...(await processes(home)),
    ...(await networks(mark, networkCidr)),
    ...(await mounts(home)),
    ...(await controlGroups(mark)),
  ];
}

/** What all homes share: our part of it, and the whole when we are the last (X2). */
export async function leaveShared(networkCidr: string): Promise<void> {
  const network = createNetwork({ cidr: networkCidr });
  await network.removeHostRules();
  network.close();
  for (const hierarchy of await hierarchies()) {
    // ENOTEMPTY and EBUSY: another home has machines in it. ENOENT: there never was one.
    await rmdir(path.join(hierarchy, 'torpor')).catch(() => {});
  }
}

/** Removes all of them, in the order found: processes first, because the rest is busy while they live. */
export async function removeLeftovers(leftovers: readonly Leftover[]): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const leftover of leftovers) {
    try {
      await leftover.remove();
    } catch (error) {
      failed.push(`${leftover.what}: ${(error as Error).message.trim()}`);
    }
  }
  return failed;
}

async function processes(home: Home): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const program = (await readlink(`/proc/${entry}/exe`).catch(() => '')).replace(/ \(deleted\)$/, '');
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const supervisor = program.startsWith(`${home.bin}/`);
    const helper = /^(qemu-system-.*|dnsmasq)$/.test(path.basename(program)) && command.includes(`${home.root}/`);
    if (!supervisor && !helper) continue;
    const identity = await identifyProcess(Number(entry));
    if (identity === undefined) continue;
    found.push({
      what: `process ${entry} ${path.basename(program)}`,
      async remove() {
        try {
          process.kill(identity.pid, 'SIGKILL');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
        if (!(await goneWithin(identity, 5000))) throw new Error('survives SIGKILL');
      },
    });
  }
  return found;
}

/** Names start with the mark of the installation that gave them (X1). */
async function networks(mark: string, cidr: string): Promise<Leftover[]> {
  const network = createNetwork({ cidr });
  const names = (await network.list()).filter((name) => name.startsWith(mark));
  network.close();
  return names.map((name) => ({ what: `network ${name}`, remove: () => network.cleanupOrphan(name) }));
}

async function mounts(home: Home): Promise<Leftover[]> {
  const text = await readFile('/proc/self/mounts', 'utf8');
  return text
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((target) => target.startsWith(`${home.root}/`))
    .reverse()
    .map((target) => ({ what: `mount ${target}`, remove: () => run('umount', '--lazy', target) }));
}

async function hierarchies(): Promise<string[]> {
  const root = '/sys/fs/cgroup';
  return [root, ...(await directories(root)).map((name) => path.join(root, name))];
}

async function controlGroups(mark: string): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const hierarchy of await hierarchies()) {
    const parent = path.join(hierarchy, 'torpor');
    for (const name of await directories(parent)) {
      if (!name.startsWith(mark)) continue;
      const group = path.join(parent, name);
      found.push({ what: `control group ${group}`, remove: () => removeGroup(group) });
    }
  }
  return found;
}

/** A control group can only be removed when it has no children; its own files go with it. */
async function removeGroup(group: string): Promise<void> {
  for (const child of await directories(group)) await removeGroup(path.join(group, child));
  await rmdir(group);
}

async function directories(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function run(command: string, ...args: string[]): Promise<void> {
  await execute(command, args);
}
