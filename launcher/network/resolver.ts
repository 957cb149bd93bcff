import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';

/** What DHCP tells the guest about names. */
export interface Resolver {
  /** IPv4 addresses that the guest can reach. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
}

const MOST_NAMESERVERS = 3;
const DOMAIN = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i;

/** Reads resolv.conf(5). IPv6 servers and those on loopback are left out: they mean nothing to a guest. */
export function parseResolvConf(text: string): Resolver {
  const nameservers: string[] = [];
  let search: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) nameservers.push(values[0]);
    if (keyword === 'search' || keyword === 'domain') search = values; // the last one counts
  }
  return {
    nameservers: nameservers
      .filter((server) => isIPv4(server) && !server.startsWith('127.'))
      .slice(0, MOST_NAMESERVERS),
    search: search.map((domain) => domain.replace(/\.$/, '')).filter((domain) => DOMAIN.test(domain)),
  };
}

/**
 * The host's resolver as guests can use it. A local stub (systemd-resolved) hides the real servers behind 127.0.0.53; it
 * keeps them in a file of its own.
 */
export async function readResolver(
  paths: readonly string[] = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'],
): Promise<Resolver> {
  let search: readonly string[] = [];
  for (const path of paths) {
    const found = parseResolvConf(await readFile(path, 'utf8').catch(() => ''));
    if (search.length === 0) search = found.search;
    if (found.nameservers.length > 0) return { nameservers: found.nameservers, search };
  }
  return { nameservers: [], search };
}
