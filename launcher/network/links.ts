import { GUEST_NETWORK as net } from './guest-network.ts';
import { cableMac } from './mac-address.ts';

/** Commands for `ip -batch`, one list per namespace. */
export interface Cable {
  /** Name of the host's end. */
  readonly hostLink: string;
  /** Name of the namespace under /run/netns. */
  readonly namespace: string;
  readonly address: string;
  readonly hostAddress: string;
  readonly mtu: number;
}

/** In the host's namespace: the new namespace and the cable into it. Neighbours are fixed, so no ARP is ever needed. */
export function hostCommands({ hostLink, namespace, address, hostAddress, mtu }: Cable): string[] {
  const hostMac = cableMac(address, 'host');
  const sandboxMac = cableMac(address, 'sandbox');
  return [
    `netns add ${namespace}`,
    `link add ${hostLink} address ${hostMac} mtu ${mtu} type veth peer name ${net.uplink} address ${sandboxMac} mtu ${mtu} netns ${namespace}`,
    `link set ${hostLink} addrgenmode none`,
    `address add ${hostAddress}/32 dev ${hostLink}`,
    `link set ${hostLink} up`,
    `route replace ${address}/32 dev ${hostLink} src ${hostAddress}`,
    `neigh replace ${address} lladdr ${sandboxMac} dev ${hostLink} nud permanent`,
  ];
}

/** In the sandbox's namespace: the far end of the cable. A pod has its own instead. */
export function uplinkCommands({ address, hostAddress }: Cable): string[] {
  return [
    'link set lo up',
    `address add ${address}/32 dev ${net.uplink}`,
    `link set ${net.uplink} up`,
    `neigh replace ${hostAddress} lladdr ${cableMac(address, 'host')} dev ${net.uplink} nud permanent`,
    `route add ${hostAddress}/32 dev ${net.uplink} scope link src ${address}`,
    `route add default via ${hostAddress} dev ${net.uplink} src ${address}`,
  ];
}

/** In the sandbox's or pod's namespace: bridge, tap and the guest's fixed neighbour entry (N4). */
export function guestCommands(guest: { macAddress: string; uid: number; gid: number; mtu: number }): string[] {
  return [
    `link add ${net.bridge} address ${net.bridgeMac} mtu ${guest.mtu} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `address add ${net.gateway}/${net.prefix} dev ${net.bridge}`,
    `tuntap add dev ${net.tap} mode tap user ${guest.uid} group ${guest.gid}`,
    `link set ${net.tap} mtu ${guest.mtu} master ${net.bridge} up`,
    `link set ${net.bridge} up`,
    `neigh replace ${net.guest} lladdr ${guest.macAddress} dev ${net.bridge} nud permanent`,
  ];
}
