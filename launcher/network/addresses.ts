/**
 * Addresses of sandboxes in embedded mode: pure arithmetic on one private network.
 *
 * The first address is the host's own end of every sandbox's cable; a slot (a small number that the agent keeps for a
 * machine) is the n-th address after it. The last one, the broadcast address, is left out.
 */
export interface SandboxRange {
  /** As configured, normalized: `10.127.0.0/16`. */
  readonly cidr: string;
  /** The host's address in it, the gateway of every sandbox. */
  readonly hostAddress: string;
  /** How many sandboxes it holds: slots are 0 to capacity - 1. */
  readonly capacity: number;
}

const SMALLEST_PREFIX = 8;
const LARGEST_PREFIX = 28;

/** @throws RangeError that says what is wrong with the network. */
export function sandboxRange(cidr: string): SandboxRange {
  const { base, prefix } = parse(cidr);
  const size = 2 ** (32 - prefix);
  return { cidr: `${format(base)}/${prefix}`, hostAddress: format(base + 1), capacity: size - 3 };
}

/** The address of a slot. @throws RangeError when the network has no such slot. */
export function slotAddress(cidr: string, slot: number): string {
  const { capacity } = sandboxRange(cidr);
  if (!Number.isInteger(slot) || slot < 0 || slot >= capacity) {
    throw new RangeError(
      `network ${cidr} holds ${capacity} machines; there is no slot ${slot}: choose a larger --network-cidr`,
    );
  }
  return format(parse(cidr).base + 2 + slot);
}

/** The slot of an address; undefined when it is none of this network's. */
export function addressSlot(cidr: string, address: string): number | undefined {
  const slot = toNumber(address) - parse(cidr).base - 2;
  return slot >= 0 && slot < sandboxRange(cidr).capacity ? slot : undefined;
}

function parse(cidr: string): { base: number; prefix: number } {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(cidr);
  const prefix = Number(match?.[2]);
  const address = toNumber(match?.[1] ?? '');
  if (Number.isNaN(address))
    throw new RangeError(`${JSON.stringify(cidr)} is not an IPv4 network such as 10.127.0.0/16`);
  if (prefix < SMALLEST_PREFIX || prefix > LARGEST_PREFIX) {
    throw new RangeError(`network ${cidr} must have a prefix from /${SMALLEST_PREFIX} to /${LARGEST_PREFIX}`);
  }
  const size = 2 ** (32 - prefix);
  if (address % size !== 0) throw new RangeError(`network ${cidr} does not begin at a multiple of its size`);
  return { base: address, prefix };
}

function toNumber(address: string): number {
  const parts = address.split('.');
  if (parts.length !== 4) return Number.NaN;
  return parts.reduce(
    (sum, part) => (/^\d{1,3}$/.test(part) && Number(part) < 256 ? sum * 256 + Number(part) : Number.NaN),
    0,
  );
}

function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
