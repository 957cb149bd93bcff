/** What a qcow2 header says, as far as it decides whether we may open the file. Numbers as in QEMU's docs/interop/qcow2.txt. */
export interface Qcow2Header {
  readonly version: number;
  readonly virtualSize: bigint;
  readonly clusterBits: number;
  readonly hasBackingFile: boolean;
  readonly isEncrypted: boolean;
  readonly incompatibleFeatures: bigint;
}

const MAGIC = 0x514649fb;
/** Bytes of a version 3 header without extensions. */
export const QCOW2_HEADER_LENGTH = 104;

const DIRTY = 1n << 0n;
const CORRUPT = 1n << 1n;
const EXTERNAL_DATA = 1n << 2n;
const COMPRESSION_TYPE = 1n << 3n;
const EXTENDED_L2 = 1n << 4n;
const KNOWN = DIRTY | COMPRESSION_TYPE | EXTENDED_L2;

/** undefined when the bytes do not begin with the magic number of qcow2. */
export function readQcow2Header(bytes: Buffer): Qcow2Header | undefined {
  if (bytes.length < 72 || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const version = bytes.readUInt32BE(4);
  const isLong = version >= 3 && bytes.length >= QCOW2_HEADER_LENGTH;
  return {
    version,
    hasBackingFile: bytes.readBigUInt64BE(8) !== 0n || bytes.readUInt32BE(16) !== 0,
    clusterBits: bytes.readUInt32BE(20),
    virtualSize: bytes.readBigUInt64BE(24),
    isEncrypted: bytes.readUInt32BE(32) !== 0,
    incompatibleFeatures: isLong ? bytes.readBigUInt64BE(72) : 0n,
  };
}

/** Why a qcow2 file from outside must not be opened; undefined when it may. Every reason says what to do. */
export function objectionTo(header: Qcow2Header): string | undefined {
  if (header.version !== 2 && header.version !== 3) return `is qcow2 of unknown version ${header.version}`;
  if (header.hasBackingFile) return 'refers to a backing file; flatten it with: qemu-img convert -O qcow2';
  if (header.isEncrypted) return 'is encrypted, which is not supported; decrypt it with qemu-img convert';
  if ((header.incompatibleFeatures & EXTERNAL_DATA) !== 0n) {
    return 'keeps its data in another file; put it into one with: qemu-img convert -O qcow2';
  }
  if ((header.incompatibleFeatures & CORRUPT) !== 0n) return 'is marked corrupt; repair it with: qemu-img check -r all';
  if ((header.incompatibleFeatures & ~KNOWN) !== 0n) return 'uses qcow2 features that this version does not know';
  if (header.clusterBits < 9 || header.clusterBits > 21)
    return `has clusters of 2^${header.clusterBits} bytes, which qcow2 forbids`;
  return undefined;
}
