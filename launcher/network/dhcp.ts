import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GUEST_NETWORK as net } from './guest-network.ts';
import type { Resolver } from './resolver.ts';

/**
 * The DHCP server of one sandbox: a dnsmasq that knows one card and one address and does nothing else.
 *
 * D1  It lives as long as the sandbox, not as the agent: it is a daemon, found again by its pid file.
 * D2  A pid counts only when a dnsmasq has it inside the sandbox's own network namespace, so a number that was given to
 *     another process is never signalled.
 * D3  It writes nothing that a guest could make grow: no leases file, no log of exchanges.
 */
export interface DhcpConfig {
  readonly directory: string;
  /** User that dnsmasq becomes after binding its socket. */
  readonly user: string;
  readonly macAddress: string;
  readonly hostname: string;
  readonly mtu: number;
  readonly resolver: Resolver;
}

export function dnsmasqConfig({ directory, user, macAddress, hostname, mtu, resolver }: DhcpConfig): string {
  const list = (values: readonly string[]) => values.map((value) => `,${value}`).join('');
  return [
    'port=0', // no DNS
    'no-resolv',
    'no-hosts',
    `interface=${net.bridge}`,
    'except-interface=lo',
    'bind-interfaces',
    `user=${user}`,
    `pid-file=${pidFile(directory)}`,
    'leasefile-ro',
    'quiet-dhcp',
    'no-ping', // a ping would be the first frame that a sleeping guest gets
    // To answer by unicast dnsmasq sets a neighbour entry of its own, which replaces the permanent one (N4).
    'dhcp-broadcast',
    'dhcp-authoritative',
    'dhcp-rapid-commit',
    `dhcp-range=${net.guest},static,${net.netmask},infinite`,
    `dhcp-host=${macAddress},${net.guest},${hostname},infinite`,
    `dhcp-option=option:router,${net.gateway}`,
    `dhcp-option=option:dns-server${list(resolver.nameservers)}`,
    `dhcp-option=option:mtu,${mtu}`,
    ...(resolver.search.length > 0 ? [`dhcp-option=option:domain-search${list(resolver.search)}`] : []),
    '',
  ].join('\n');
}

export function pidFile(directory: string): string {
  return join(directory, 'dnsmasq.pid');
}

/** The pid of the sandbox's dnsmasq, from its pid file; undefined when it does not run (D2). */
export async function runningDhcp(directory: string, namespacePath: string): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile(directory), 'utf8').catch(() => '')).trim());
  const namespace = await namespaceInode(namespacePath);
  return pid > 0 && namespace !== undefined && (await isDhcpIn(pid, namespace)) ? pid : undefined;
}

/** Ends every dnsmasq in the namespace, also one whose pid file was never written. */
export async function stopDhcp(directory: string, namespacePath: string): Promise<void> {
  const namespace = await namespaceInode(namespacePath);
  if (namespace !== undefined) {
    const known = await runningDhcp(directory, namespacePath);
    for (const pid of known === undefined ? await findDhcp(namespace) : [known]) {
      try {
        process.kill(pid, 'SIGKILL'); // it has no state to save
      } catch {
        continue; // gone meanwhile
      }
      for (let waited = 0; waited < 200 && (await isDhcpIn(pid, namespace)); waited++) await delay(5);
    }
  }
  await rm(pidFile(directory), { force: true });
}

async function findDhcp(namespace: bigint): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const checked = await Promise.all(pids.map(async (pid) => ((await isDhcpIn(pid, namespace)) ? [pid] : [])));
  return checked.flat();
}

async function isDhcpIn(pid: number, namespace: bigint): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (name.trim() !== 'dnsmasq') return false;
  const link = await readlink(`/proc/${pid}/ns/net`).catch(() => ''); // fails for a zombie too
  return link === `net:[${namespace}]`;
}

/** The inode that identifies a network namespace; undefined when nothing is mounted at the path. */
export async function namespaceInode(namespacePath: string): Promise<bigint | undefined> {
  const [file, own] = await Promise.all([
    stat(namespacePath, { bigint: true }).catch(() => undefined),
    stat('/proc/self/ns/net', { bigint: true }),
  ]);
  // A plain file that waits for its mount lies on another device than namespaces do.
  return file !== undefined && file.dev === own.dev ? file.ino : undefined;
}
