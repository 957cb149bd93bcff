import type { Interface, VirtualMachine } from '../../openapi/api.ts';
import { guestMac, normalizeMac } from './mac-address.ts';

/** A port of the guest that others may reach. */
export interface GuestPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** The one interface that a machine can have, with everything settled. */
export interface GuestInterface {
  readonly name: string;
  readonly model: 'virtio' | 'e1000e' | 'rtl8139';
  readonly macAddress: string;
  /** Empty: all ports and protocols (N3). */
  readonly ports: readonly GuestPort[];
}

export type GuestInterfaces =
  | { readonly kind: 'interfaces'; readonly interfaces: readonly GuestInterface[] }
  | { readonly kind: 'unsupported'; readonly message: string };

/**
 * Which interfaces the machine gets: those of its spec; one on the pod network when it names neither interface nor
 * network and does not refuse it; at most one, since there is one pod network.
 */
export function guestInterfaces(machine: VirtualMachine): GuestInterfaces {
  const { devices } = machine.spec.domain;
  const networks = machine.spec.networks ?? [];
  let interfaces = devices?.interfaces ?? [];
  if (interfaces.length === 0 && networks.length === 0 && devices?.autoattachPodInterface !== false) {
    interfaces = [{ name: 'default', model: 'virtio' }];
  }
  const unsupported = (message: string): GuestInterfaces => ({ kind: 'unsupported', message });
  if (interfaces.length > 1) {
    const names = interfaces.map((entry) => `"${entry.name}"`).join(', ');
    return unsupported(
      `interfaces ${names}: a machine has one pod network, so at most one interface; remove the others`,
    );
  }
  const settled: GuestInterface[] = [];
  for (const entry of interfaces) {
    const network = networks.find((candidate) => candidate.name === entry.name);
    if (networks.length > 0 && network === undefined) {
      return unsupported(`interface "${entry.name}" has no network of that name: add it to spec.networks`);
    }
    if (network !== undefined && Object.keys(network).some((key) => key !== 'name' && key !== 'pod')) {
      return unsupported(`network "${network.name}" is not of kind pod, the only one supported`);
    }
    const other = Object.keys(entry).find((key) =>
      ['bridge', 'passt', 'slirp', 'sriov', 'macvtap', 'binding'].includes(key),
    );
    if (other !== undefined)
      return unsupported(`interface "${entry.name}" wants ${other}; only masquerade is supported`);
    const macAddress =
      entry.macAddress === undefined
        ? guestMac(machine.metadata.uid ?? '', entry.name)
        : normalizeMac(entry.macAddress);
    if (macAddress === undefined) {
      return unsupported(`interface "${entry.name}": ${entry.macAddress} is no hardware address of a single card`);
    }
    settled.push({ name: entry.name, model: entry.model ?? 'virtio', macAddress, ports: portsOf(entry) });
  }
  return { kind: 'interfaces', interfaces: settled };
}

function portsOf(entry: Interface): GuestPort[] {
  return (entry.ports ?? []).map(({ port, protocol }) => ({ port, protocol: protocol === 'UDP' ? 'udp' : 'tcp' }));
}
