import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { identifyProcess } from '../../base/process-identity.ts';
import { goneWithin } from './detached.ts';
import type { Home } from './home.ts';

/**
 * What machines have on the host besides files: processes, network, control groups, mounts. hack/down removes what the
 * launcher could not (it was killed, or its API server was). Only what bears Torpor's marks is touched: programs that
 * run from or for this home directory, namespaces tp-…, links tp…, the nft table torpor, control groups torpor/.
 */
export interface Leftover {
  /** For people, for example `process 4711 qemu-system-x86_64`. */
  readonly what: string;
  remove(): Promise<void>;
}

const execute = promisify(execFile);

export async function findLeftovers(home: Home): Promise<readonly Leftover[]> {
  const ours = await processes(home);
  const { empty, inUse } = await namespaces(new Set(ours.map((found) => found.pid)));
  return [
    ...ours,
    ...empty,
    ...(inUse ? [] : [...(await links()), ...(await tables())]),
    ...(await mounts(home)),
    ...(await controlGroups()),
  ];
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

async function processes(home: Home): Promise<(Leftover & { readonly pid: number })[]> {
  const found: (Leftover & { readonly pid: number })[] = [];
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
      pid: identity.pid,
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

/** Namespaces in which nobody lives but the processes about to be removed. */
async function namespaces(going: ReadonlySet<number>): Promise<{ empty: Leftover[]; inUse: boolean }> {
  const names = (await readdir('/run/netns').catch(() => [] as string[])).filter((name) => name.startsWith('tp-'));
  const empty: Leftover[] = [];
  for (const name of names) {
    const { stdout } = await execute('ip', ['netns', 'pids', name]).catch(() => ({ stdout: '' }));
    const inhabitants = stdout.split('\n').filter((line) => line !== '' && !going.has(Number(line)));
    if (inhabitants.length > 0) continue;
    empty.push({ what: `network namespace ${name}`, remove: () => run('ip', 'netns', 'delete', name) });
  }
  return { empty, inUse: empty.length < names.length };
}

async function links(): Promise<Leftover[]> {
  const { stdout } = await execute('ip', ['-json', 'link', 'show']);
  const names = (JSON.parse(stdout) as { ifname: string }[]).map((link) => link.ifname);
  return names
    .filter((name) => /^tp[-0-9a-f]/.test(name))
    .map((name) => ({
      what: `network link ${name}`,
      async remove() {
        // The other end of a pair went with its namespace.
        await run('ip', 'link', 'delete', name).catch((error: Error) => {
          if (!error.message.includes('Cannot find device')) throw error;
        });
      },
    }));
}

async function tables(): Promise<Leftover[]> {
  const { stdout } = await execute('nft', ['-j', 'list', 'tables']).catch(() => ({ stdout: '{}' }));
  const { nftables = [] } = JSON.parse(stdout || '{}') as { nftables?: { table?: { family: string; name: string } }[] };
  return nftables
    .map((item) => item.table)
    .filter((table) => table !== undefined && table.name === 'torpor')
    .map((table) => ({
      what: `nft table ${table?.family} torpor`,
      remove: () => run('nft', 'delete', 'table', table?.family ?? '', 'torpor'),
    }));
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

async function controlGroups(): Promise<Leftover[]> {
  const root = '/sys/fs/cgroup';
  const hierarchies = [root, ...(await directories(root)).map((name) => path.join(root, name))];
  const found: Leftover[] = [];
  for (const hierarchy of hierarchies) {
    const top = path.join(hierarchy, 'torpor');
    if (!(await directories(hierarchy)).includes('torpor')) continue;
    found.push({ what: `control group ${top}`, remove: () => removeGroup(top) });
  }
  return found;
}

/** Removes a control group and those below it, but for groups with processes: they are of another home. */
async function removeGroup(group: string): Promise<void> {
  for (const child of await directories(group)) await removeGroup(path.join(group, child));
  await rmdir(group).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EBUSY') throw error;
  });
}

async function directories(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function run(command: string, ...args: string[]): Promise<void> {
  await execute(command, args);
}
