import { createHash } from 'node:crypto';
import { sandboxRange, slotAddress } from '../network/addresses.ts';

/**
 * What one machine gets on this node: a slot, and from it a user, an address and names that nobody else has.
 *
 * D1  A slot belongs to at most one machine at a time; so do the user, the address and the names made from it.
 * D2  A machine gets the same slot again when it is free: the slot follows from the machine's uid, and only a
 *     collision with a machine that holds it leads to the next one.
 * D3  Names carry a mark of the installation, so that two agents on one host never touch what is the other's.
 */
export interface SandboxIdentity {
  readonly slot: number;
  /** 8 characters: the mark of the installation and the slot. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly address: string;
  readonly namespacePath: string;
}

export interface IdentityRange {
  /** Of the sandboxes, for example 10.127.0.0/16. */
  readonly cidr: string;
  /** User id of slot 0; one more for each slot. */
  readonly firstUid: number;
  readonly mark: string;
}

/** Above what Debian, useradd, subuid and systemd hand out, and below 2^31, which some file systems cannot store. */
export const FIRST_UID = 1_900_000_000;

/** User ids are used for at most this many slots, so the range is known. */
const MOST_SLOTS = 65_533;

/** 4 characters that stand for an installation. */
export function installationMark(stateDirectory: string): string {
  return createHash('sha256').update(stateDirectory).digest('hex').slice(0, 4);
}

export function slotCount(cidr: string): number {
  return Math.min(sandboxRange(cidr).capacity, MOST_SLOTS);
}

/** The slot for a machine, given those that are taken (D1, D2); undefined when none is free. */
export function chooseSlot(machineUid: string, taken: ReadonlySet<number>, count: number): number | undefined {
  if (taken.size >= count) return undefined;
  const wanted = createHash('sha256').update(machineUid).digest().readUInt32BE(0) % count;
  for (let step = 0; step < count; step += 1) {
    const slot = (wanted + step) % count;
    if (!taken.has(slot)) return slot;
  }
  return undefined;
}

export function identityOf(slot: number, { cidr, firstUid, mark }: IdentityRange): SandboxIdentity {
  const name = `${mark}${slot.toString(16).padStart(4, '0')}`;
  const uid = firstUid + slot;
  return { slot, name, uid, gid: uid, address: slotAddress(cidr, slot), namespacePath: `/run/netns/tp-${name}` };
}
