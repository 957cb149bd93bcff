import { PlanError } from './option.ts';

/**
 * Where every device sits on the root bus. Fixed per kind and index, so that a machine keeps its addresses when another
 * device comes or goes, and so that the same plan can be written again after a suspend.
 *
 * Slot 0 is the host bridge, slot 1 is the south bridge of `pc`, slots 0x1d and 0x1e are kept free for hotplug ports,
 * slot 0x1f is the south bridge of `q35`.
 */
const rooms = {
  vga: { first: 0x02, slots: 1 },
  balloon: { first: 0x03, slots: 1 },
  rng: { first: 0x04, slots: 1 },
  channel: { first: 0x05, slots: 1 },
  scsi: { first: 0x06, slots: 1 },
  sata: { first: 0x07, slots: 1 },
  nic: { first: 0x08, slots: 8 },
  disk: { first: 0x10, slots: 12 },
  watchdog: { first: 0x1c, slots: 1 },
} as const;

export type PciRoom = keyof typeof rooms;

const FUNCTIONS = 8;

/** How many devices of a kind have room. */
export function capacity(room: PciRoom): number {
  return rooms[room].slots * FUNCTIONS;
}

export interface PciAddress {
  /** Slot and function as QEMU's property `addr` takes them, for example 0x10.1. */
  readonly addr: string;
  /** Only where another device shares the slot: a guest does not look at higher functions otherwise. */
  readonly multifunction?: true;
}

/** The address of the `index`th of `count` devices: first one to a slot, then the slots' further functions. */
export function pciAddress(room: PciRoom, index = 0, count = 1): PciAddress {
  const { first, slots } = rooms[room];
  if (index >= slots * FUNCTIONS) {
    throw new PlanError(
      'TooManyDevices',
      `a machine has room for ${slots * FUNCTIONS} devices of kind ${room}, not for ${count}`,
    );
  }
  const slot = first + (index % slots);
  const functionNumber = Math.floor(index / slots);
  const addr = `0x${slot.toString(16).padStart(2, '0')}.${functionNumber}`;
  const shared = functionNumber === 0 && index + slots < count;
  return shared ? { addr, multifunction: true } : { addr };
}
