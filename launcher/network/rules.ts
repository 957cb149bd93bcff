import type { GuestPort } from './guest-interfaces.ts';
import { GUEST_NETWORK as net } from './guest-network.ts';

/**
 * The nftables ruleset inside a sandbox, replaced as a whole in one transaction.
 *
 * P1  To the guest go: new connections to declared ports (all when none is declared), and packets of known connections.
 *     A stray packet of a connection that nobody knows is answered with a reset here, so it never wakes the guest.
 * P2  From the guest go: packets with its own address, outward. To the sandbox itself it can speak DHCP and ping only.
 * P3  127.0.0.1 in the sandbox reaches declared ports of the guest (port-forward), while the guest cannot reach 127.0.0.0/8.
 */
export function guestRules(ports: readonly GuestPort[] | undefined): string {
  return `add table inet torpor
delete table inet torpor
table inet torpor {
  chain early {
    type filter hook prerouting priority raw; policy accept;
    iifname "${net.bridge}" ip daddr 127.0.0.0/8 drop
  }
  chain arriving {
    type nat hook prerouting priority dstnat; policy accept;
${redirections(`iifname "${net.uplink}"`, ports, '')}
  }
  chain local {
    type nat hook output priority -100; policy accept;
${redirections('ip daddr 127.0.0.1', ports, 'meta l4proto { tcp, udp }')}
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${net.bridge}" ip saddr 127.0.0.0/8 snat ip to ${net.gateway}
    oifname "${net.uplink}" ip saddr ${net.cidr} masquerade
  }
  chain through {
    type filter hook forward priority filter; policy drop;
    tcp flags syn tcp option maxseg size set rt mtu
    ct state established,related accept
    ct state invalid drop
    iifname "${net.bridge}" oifname "${net.uplink}" ip saddr ${net.guest} accept
    meta l4proto tcp tcp flags & (fin | syn | rst | ack) != syn reject with tcp reset
    iifname "${net.uplink}" oifname "${net.bridge}" ct status dnat accept
  }
  chain own {
    type filter hook input priority filter; policy accept;
    iifname != "${net.bridge}" accept
    ct state established,related accept
    udp dport 67 accept
    ip daddr ${net.gateway} icmp type echo-request accept
    drop
  }
}
`;
}

/** undefined: no interface, nothing is passed on. Empty: everything is. */
function redirections(match: string, ports: readonly GuestPort[] | undefined, whenAll: string): string {
  if (ports === undefined) return '';
  const target = `dnat ip to ${net.guest}`;
  if (ports.length === 0) return `    ${[match, whenAll, target].filter((part) => part !== '').join(' ')}`;
  return (['tcp', 'udp'] as const)
    .map((protocol) => ({ protocol, list: ports.filter((port) => port.protocol === protocol).map(({ port }) => port) }))
    .filter(({ list }) => list.length > 0)
    .map(
      ({ protocol, list }) =>
        `    ${match} ${protocol} dport { ${[...new Set(list)].sort((a, b) => a - b).join(', ')} } ${target}`,
    )
    .join('\n');
}

/**
 * The host's own table: what sandboxes send to the outside takes the host's address, and no guest speaks to link-local
 * addresses, where clouds hand out credentials of the host. The networks are elements of a set, so that several agents
 * with different networks share the table, and adding it again changes nothing.
 */
export function hostRules(cidr: string): string {
  return `add table ip torpor
add set ip torpor networks { type ipv4_addr; flags interval; }
add chain ip torpor leaving { type nat hook postrouting priority srcnat; policy accept; }
add chain ip torpor through { type filter hook forward priority filter; policy accept; }
flush chain ip torpor leaving
flush chain ip torpor through
add rule ip torpor leaving ip saddr @networks ip daddr != @networks masquerade
add rule ip torpor through ip saddr @networks ip daddr 169.254.0.0/16 drop
add element ip torpor networks { ${cidr} }
`;
}
