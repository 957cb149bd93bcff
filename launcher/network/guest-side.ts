import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dnsmasqConfig } from './dhcp.ts';
import type { GuestInterface } from './guest-interfaces.ts';
import { GUEST_NETWORK as net } from './guest-network.ts';
import { guestCommands } from './links.ts';
import type { NetworkSandbox, PreparedInterface } from './network.ts';
import type { Resolver } from './resolver.ts';
import { guestRules } from './rules.ts';

/**
 * The part of a sandbox's network that is the same in embedded mode and in a pod: bridge, tap, rules and DHCP, inside a
 * network namespace whose uplink eth0 is there already (or is made by the first commands of the batch).
 */
export interface GuestSide {
  readonly sandbox: NetworkSandbox;
  readonly interfaces: readonly GuestInterface[];
  readonly hostname: string;
  readonly mtu: number;
  readonly resolver: Resolver;
  readonly dhcpUser: string;
  /** Commands before ours in the namespace. */
  readonly uplink: readonly string[];
}

/**
 * What runs inside the namespace; $1 is the directory with the files of writeGuestSide. It speaks once the tap can be
 * opened. IPv6 goes off before any link
 * comes up, so that not one frame of it is sent.
 */
export const GUEST_SIDE_SCRIPT = `
cd /proc/sys/net
if [ -d ipv6 ]; then echo 1 >ipv6/conf/all/disable_ipv6; echo 1 >ipv6/conf/default/disable_ipv6; fi
echo 1 >ipv4/ip_forward
ip -batch "$1/links"
if [ -d ipv4/conf/${net.bridge} ]; then echo 1 >ipv4/conf/${net.bridge}/route_localnet; fi
echo linked
nft -f "$1/rules" &
rules=$!
if [ -e "$1/dnsmasq.conf" ]; then dnsmasq --conf-file="$1/dnsmasq.conf"; fi
wait $rules
`;

/** Only DHCP again, in a namespace where all else stands. */
export const DHCP_SCRIPT = 'exec nsenter --net="$2" dnsmasq --conf-file="$1/dnsmasq.conf"';

/** Writes the files that the script reads. */
export async function writeGuestSide(side: GuestSide): Promise<void> {
  const { sandbox, mtu } = side;
  const { directory, uid, gid } = sandbox;
  const [only] = side.interfaces;
  const links = [...side.uplink, ...(only ? guestCommands({ macAddress: only.macAddress, uid, gid, mtu }) : [])];
  const files: [string, string][] = [
    ['links', `${links.join('\n')}\n`],
    ['rules', guestRules(only?.ports)],
  ];
  if (only !== undefined) {
    const { dhcpUser: user, hostname, resolver } = side;
    files.push([
      'dnsmasq.conf',
      dnsmasqConfig({ directory, user, macAddress: only.macAddress, hostname, mtu, resolver }),
    ]);
  }
  await Promise.all(files.map(([name, text]) => writeFile(join(directory, name), text, { mode: 0o644 })));
}

export function preparedInterfaces({ interfaces, sandbox, mtu }: GuestSide): PreparedInterface[] {
  return interfaces.map(({ name, macAddress, model }) => ({
    name,
    tap: net.tap,
    macAddress,
    model,
    mtu,
    address: sandbox.address,
    guestAddress: net.guest,
  }));
}
