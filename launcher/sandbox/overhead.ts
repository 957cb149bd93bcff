/**
 * Memory that a machine takes on its host beyond what its guest sees; the one place where this is decided.
 *
 * Measured (QEMU 7.2 on Debian 12, q35, busy guest of 128 and 512 MiB): QEMU's own heap and libraries 40 to 55 MiB, its
 * translation buffer when it emulates (all of it once the guest has run for a while), and for each virtual processor
 * a stack and translation caches. Page tables are 1/512 of the guest's memory.
 */
export interface OverheadInput {
  readonly guestBytes: number;
  readonly processors: number;
  readonly graphics: boolean;
  /** MiB of the translation buffer; 0 under hardware acceleration. */
  readonly translationBufferMib: number;
}

const MIB = 1024 * 1024;
const PROCESS = 96;
const PER_PROCESSOR = 8;
const DISPLAY = 32;

/** Bytes. */
export function memoryOverhead({ guestBytes, processors, graphics, translationBufferMib }: OverheadInput): number {
  const fixed = PROCESS + PER_PROCESSOR * processors + (graphics ? DISPLAY : 0) + translationBufferMib;
  return fixed * MIB + Math.ceil(guestBytes / 512);
}
