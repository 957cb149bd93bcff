import type { VirtualMachine } from '../../openapi/api.ts';

/**
 * The network of one sandbox: makes tap, bridge, nftables rules and DHCP inside a network namespace.
 *
 * N1  prepare is idempotent. When it returns, the taps can be opened; when `complete` resolves, rules and DHCP stand too
 *     and the guest's address answers as soon as the guest does. No guest may run before that.
 * N2  cleanup removes everything, is idempotent and needs no prepare first.
 * N3  Only declared ports reach the guest when an interface declares any; all ports when it declares none (KubeVirt).
 * N4  The guest's neighbour entry is permanent, IPv6 and multicast snooping are off on the bridge: while nobody reads
 *     the tap, no frame arrives in it but the first packet meant for the guest.
 */
export interface SandboxNetwork {
  prepare(machine: VirtualMachine, sandbox: NetworkSandbox, signal: AbortSignal): Promise<NetworkOutcome>;
  cleanup(sandbox: NetworkSandbox): Promise<void>;
  /** Whether an earlier prepare for this boot came to its end, for whoever takes a sandbox over. */
  isComplete(machine: VirtualMachine, sandbox: NetworkSandbox): Promise<boolean>;
}

export interface NetworkSandbox {
  /** Short unique name, at most 11 characters, for interfaces and namespaces of this sandbox. */
  readonly name: string;
  /** Path of the network namespace, for example /run/netns/tp-3f9a1c. */
  readonly namespacePath: string;
  /** The machine's own address, reachable from the host (embedded mode) or the pod's. */
  readonly address: string;
  /** Owner of the taps. */
  readonly uid: number;
  readonly gid: number;
  /** Directory for files of this sandbox (leases, pid files). */
  readonly directory: string;
}

export type NetworkOutcome =
  | {
      readonly kind: 'ready';
      readonly interfaces: readonly PreparedInterface[];
      /** Rejects when the rest of the network cannot be made; the taps are of no use then (N1). */
      readonly complete: Promise<void>;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string };

/** One NIC as the plan needs it. */
export interface PreparedInterface {
  /** Name of the interface in the spec. */
  readonly name: string;
  readonly tap: string;
  readonly macAddress: string;
  readonly model: 'virtio' | 'e1000e' | 'rtl8139';
  readonly mtu: number;
  /** The address under which others reach the guest; goes into status.interfaces. */
  readonly address: string;
  /** The address that the guest itself sees. */
  readonly guestAddress: string;
}
