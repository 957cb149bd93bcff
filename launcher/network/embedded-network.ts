import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { replaceFile } from '../../base/atomic-write.ts';
import type { VirtualMachine } from '../../openapi/api.ts';
import { guestHostname } from '../guest-hostname.ts';
import { sandboxRange } from './addresses.ts';
import { namespaceInode, runningDhcp, stopDhcp } from './dhcp.ts';
import { guestInterfaces } from './guest-interfaces.ts';
import { DHCP_SCRIPT, GUEST_SIDE_SCRIPT, type GuestSide, preparedInterfaces, writeGuestSide } from './guest-side.ts';
import { hostCommands, uplinkCommands } from './links.ts';
import { uplinkMtu } from './mtu.ts';
import type { NetworkOutcome, NetworkSandbox, PreparedInterface, SandboxNetwork } from './network.ts';
import { readResolver } from './resolver.ts';
import { hostRules } from './rules.ts';
import { runScript, startScript } from './shell.ts';

/**
 * Networks of machines without Kubernetes: each sandbox has a namespace `tp-<name>`, joined to the host by a cable `tp<name>`
 * with an address of its own that the host reaches directly.
 *
 * M1  What stands for a boot is left alone: prepare for the same boot only sees to it that DHCP runs. What stands from an
 *     earlier boot is removed and made anew.
 * M2  `network.json` is written last; a sandbox without it is half-made and is made anew.
 * M3  A DHCP server that died is started again, within `dhcpCheckInterval`.
 * M4  Nothing is removed while it is still being made: what prepare left running comes to its end first.
 */
export interface EmbeddedNetwork extends SandboxNetwork {
  /** Names of sandboxes of which something is left on this host, whoever made it. */
  list(): Promise<string[]>;
  /** Removes what is left of a sandbox that is known by name only. */
  cleanupOrphan(name: string): Promise<void>;
  /** Takes our network out of the host's table, and the table when it was the last one; for the end of an installation. */
  removeHostRules(): Promise<void>;
  /** Ends the watch over DHCP servers; sandboxes stay. */
  close(): void;
}

export interface NetworkConfig {
  /** Private network of the sandboxes, for example 10.127.0.0/16. */
  readonly cidr: string;
  /** Milliseconds between looks at the DHCP servers; default 10 000. */
  readonly dhcpCheckInterval?: number;
  /** Called when a DHCP server was found dead: restarted, or why not. */
  readonly onDhcpRestart?: (sandboxName: string, error: unknown) => void;
}

interface Marker {
  readonly bootID: string;
  readonly interfaces: readonly PreparedInterface[];
}

const NAMESPACES = '/run/netns';
const PREFIX = 'tp';

/** The host's own rules are made beside the rest: they matter for what leaves a guest that does not run yet. */
const SETUP_SCRIPT = `
# One byte, then the end of the file: read fills the variable and says 1.
read forward </proc/sys/net/ipv4/ip_forward || [ -n "$forward" ]
if [ "$forward" != 1 ]; then echo 1 >/proc/sys/net/ipv4/ip_forward; fi
nft -f "$1/host-rules" &
rules=$!
ip -batch "$1/host-links"
nsenter --net="$2" /bin/sh -euc "$3" torpor-network "$1"
wait $rules
`;

const REMOVE_SCRIPT = `
if [ -e "/sys/class/net/$1" ]; then ip link delete "$1"; fi
if [ -e "$2" ]; then ip netns delete "$3"; fi
`;

const REMOVE_HOST_RULES_SCRIPT = `
nft list set ip torpor networks >/dev/null 2>&1 || exit 0
nft delete element ip torpor networks "{ $1 }" 2>/dev/null || true
if ! nft list set ip torpor networks | grep -q elements; then nft delete table ip torpor; fi
`;

export function createNetwork(config: NetworkConfig): EmbeddedNetwork {
  const range = sandboxRange(config.cidr);
  /** Sandboxes whose DHCP server we watch over. */
  const watched = new Map<string, NetworkSandbox>();
  /** The second halves of prepares, by sandbox; they never reject. */
  const underway = new Map<string, Promise<void>>();
  let checking = false;

  const restartDeadDhcp = async () => {
    if (checking) return;
    checking = true;
    try {
      for (const sandbox of watched.values()) {
        if ((await runningDhcp(sandbox.directory, sandbox.namespacePath)) !== undefined) continue;
        if (!watched.has(sandbox.name) || (await namespaceInode(sandbox.namespacePath)) === undefined) continue;
        const error = await startDhcp(sandbox).then(
          () => undefined,
          (problem) => problem ?? new Error('unknown'),
        );
        config.onDhcpRestart?.(sandbox.name, error);
      }
    } finally {
      checking = false;
    }
  };
  const timer = setInterval(() => void restartDeadDhcp().catch(() => {}), config.dhcpCheckInterval ?? 10_000);
  timer.unref();

  const remove = async (sandbox: NetworkSandbox) => {
    await underway.get(sandbox.name); // M4
    watched.delete(sandbox.name);
    await stopDhcp(sandbox.directory, sandbox.namespacePath);
    await rm(markerPath(sandbox), { force: true });
    await removeLinks(sandbox.name);
    const files = ['links', 'rules', 'dnsmasq.conf', 'host-links', 'host-rules'];
    await Promise.all(files.map((name) => rm(join(sandbox.directory, name), { force: true })));
  };

  const build = async (
    machine: VirtualMachine,
    sandbox: NetworkSandbox,
    signal: AbortSignal,
  ): Promise<NetworkOutcome> => {
    const found = guestInterfaces(machine);
    if (found.kind === 'unsupported') return { kind: 'failed', reason: 'UnsupportedNetwork', message: found.message };
    const [mtu, resolver, dhcpUser] = await Promise.all([uplinkMtu(), readResolver(), findDhcpUser()]);
    const { name, namespacePath, address, directory } = sandbox;
    const cable = {
      hostLink: PREFIX + name,
      namespace: basename(namespacePath),
      address,
      hostAddress: range.hostAddress,
      mtu,
    };
    const { interfaces } = found;
    const hostname = guestHostname(machine);
    const side: GuestSide = { sandbox, interfaces, hostname, mtu, resolver, dhcpUser, uplink: uplinkCommands(cable) };
    await mkdir(directory, { recursive: true });
    await Promise.all([
      writeGuestSide(side),
      writeFile(join(directory, 'host-links'), `${hostCommands(cable).join('\n')}\n`),
      writeFile(join(directory, 'host-rules'), hostRules(range.cidr)),
    ]);
    // The signal is for prepare alone: what goes on after it is ended by remove (M4).
    const first = new AbortController();
    const abort = () => first.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const script = startScript(SETUP_SCRIPT, [directory, namespacePath, GUEST_SIDE_SCRIPT], first.signal);
    const prepared = preparedInterfaces(side);
    const complete = script.done.then(async () => {
      const marker: Marker = { bootID: bootOf(machine), interfaces: prepared };
      await replaceFile(markerPath(sandbox), JSON.stringify(marker)); // M2
      if (prepared.length > 0) watched.set(name, sandbox);
    });
    const settled = complete.then(
      () => undefined,
      () => undefined, // whoever waits for `complete` hears of it
    );
    underway.set(name, settled);
    void settled.then(() => underway.get(name) === settled && underway.delete(name));
    try {
      await Promise.race([script.spoke, complete]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
    return { kind: 'ready', interfaces: prepared, complete };
  };

  return {
    async prepare(machine, sandbox, signal) {
      requireNames(sandbox);
      const standing = await readMarker(sandbox);
      if (standing?.bootID === bootOf(machine) && (await namespaceInode(sandbox.namespacePath)) !== undefined) {
        const needsDhcp = standing.interfaces.length > 0;
        if (needsDhcp && (await runningDhcp(sandbox.directory, sandbox.namespacePath)) === undefined)
          await startDhcp(sandbox);
        if (needsDhcp) watched.set(sandbox.name, sandbox);
        return { kind: 'ready', interfaces: standing.interfaces, complete: Promise.resolve() }; // M1
      }
      await remove(sandbox);
      try {
        signal.throwIfAborted();
        return await build(machine, sandbox, signal);
      } catch (error) {
        await remove(sandbox);
        signal.throwIfAborted();
        const why = error instanceof Error ? error.message : String(error);
        return {
          kind: 'failed',
          reason: 'NetworkSetupFailed',
          message: `the network cannot be set up on this node: ${why}`,
        };
      }
    },
    async isComplete(machine, sandbox) {
      const standing = await readMarker(sandbox);
      return standing?.bootID === bootOf(machine) && (await namespaceInode(sandbox.namespacePath)) !== undefined;
    },
    async cleanup(sandbox) {
      requireNames(sandbox);
      await remove(sandbox);
    },
    async list() {
      const [namespaces, links] = await Promise.all([
        readdir(NAMESPACES).catch(() => []),
        readdir('/sys/class/net').catch(() => []),
      ]);
      const names = [
        ...namespaces.filter((name) => name.startsWith(`${PREFIX}-`)).map((name) => name.slice(PREFIX.length + 1)),
        ...links.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)),
      ];
      return [...new Set(names)].filter((name) => isSandboxName(name)).sort();
    },
    async cleanupOrphan(name) {
      if (!isSandboxName(name)) throw new Error(`${JSON.stringify(name)} is no name of a sandbox`);
      watched.delete(name);
      await stopDhcp('/nonexistent', join(NAMESPACES, `${PREFIX}-${name}`));
      await removeLinks(name);
    },
    async removeHostRules() {
      await runScript(REMOVE_HOST_RULES_SCRIPT, [range.cidr]);
    },
    close() {
      clearInterval(timer);
      watched.clear();
    },
  };
}

async function removeLinks(name: string): Promise<void> {
  const namespace = `${PREFIX}-${name}`;
  const path = join(NAMESPACES, namespace);
  const present = await Promise.all([exists(`/sys/class/net/${PREFIX}${name}`), exists(path)]);
  if (present.includes(true)) await runScript(REMOVE_SCRIPT, [PREFIX + name, path, namespace]);
}

async function startDhcp(sandbox: NetworkSandbox): Promise<void> {
  await runScript(DHCP_SCRIPT, [sandbox.directory, sandbox.namespacePath]);
}

/** Names end up in commands and paths, so they are checked here whoever made them. */
function requireNames({ name, namespacePath, directory }: NetworkSandbox): void {
  if (!isSandboxName(name)) throw new Error(`${JSON.stringify(name)} is no name of a sandbox`);
  if (dirname(namespacePath) !== NAMESPACES || basename(namespacePath) !== `${PREFIX}-${name}`) {
    throw new Error(
      `the network namespace of sandbox ${name} must be ${NAMESPACES}/${PREFIX}-${name}, not ${namespacePath}`,
    );
  }
  if (!/^\/[^\n"]*$/.test(directory))
    throw new Error(`${JSON.stringify(directory)} cannot be the directory of a sandbox`);
}

function isSandboxName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,10}$/.test(name);
}

function bootOf(machine: VirtualMachine): string {
  return machine.status?.bootID ?? '';
}

function markerPath(sandbox: NetworkSandbox): string {
  return join(sandbox.directory, 'network.json');
}

async function readMarker(sandbox: NetworkSandbox): Promise<Marker | undefined> {
  const text = await readFile(markerPath(sandbox), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const parsed = JSON.parse(text);
    return typeof parsed.bootID === 'string' && Array.isArray(parsed.interfaces) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The user that Debian's dnsmasq package makes; nobody where only dnsmasq-base is installed. */
async function findDhcpUser(): Promise<string> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return /^dnsmasq:/m.test(passwd) ? 'dnsmasq' : 'nobody';
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
