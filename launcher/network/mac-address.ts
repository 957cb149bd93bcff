import { createHash } from 'node:crypto';

/**
 * A hardware address that follows from its name alone, so it stays over restarts: locally administered, unicast.
 * Guests use the first byte 0x52 to 0x5e, never 0x02, which the ends of our own cables have.
 */
export function guestMac(machineUid: string, interfaceName: string): string {
  const digest = createHash('sha256').update(`${machineUid}/${interfaceName}`).digest();
  return format(Buffer.concat([Buffer.from([0x52 | ((digest[0] ?? 0) & 0x0c)]), digest.subarray(1, 6)]));
}

/** For the two ends of the cable between host and sandbox, from the sandbox's IPv4 address. */
export function cableMac(address: string, end: 'host' | 'sandbox'): string {
  return format(Buffer.from([0x02, end === 'host' ? 0x01 : 0x02, ...address.split('.').map(Number)]));
}

/** Lower case with colons; undefined when it is no address for a guest (not six bytes, multicast, or all zero). */
export function normalizeMac(text: string): string | undefined {
  const lower = text.toLowerCase().replaceAll('-', ':');
  if (!/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(lower) || lower === '00:00:00:00:00:00') return undefined;
  return (Number.parseInt(lower.slice(0, 2), 16) & 1) === 1 ? undefined : lower;
}

function format(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
