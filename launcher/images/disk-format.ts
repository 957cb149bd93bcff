import type { FileHandle } from 'node:fs/promises';
import { ImageError } from './image-error.ts';
import { objectionTo, QCOW2_HEADER_LENGTH, readQcow2Header } from './qcow2-header.ts';

/** What kind of disk a file holds, told from its own first bytes and never from its name. */
export interface DiskFormat {
  readonly format: 'raw' | 'qcow2';
  /** Bytes that the guest sees. */
  readonly virtualSize: bigint;
}

export const LARGEST_VIRTUAL_DISK = 16n << 40n;
const SECTOR = 512n;

/** Formats that a person may have put there by mistake: as raw they would be garbage to the guest. */
const FOREIGN: readonly { readonly name: string; readonly offset: number; readonly magic: Buffer }[] = [
  { name: 'a VMDK disk', offset: 0, magic: Buffer.from('KDMV') },
  { name: 'a VMDK descriptor', offset: 0, magic: Buffer.from('# Disk DescriptorFile') },
  { name: 'a VHDX disk', offset: 0, magic: Buffer.from('vhdxfile') },
  { name: 'a VHD disk', offset: 0, magic: Buffer.from('conectix') },
  { name: 'a QED disk', offset: 0, magic: Buffer.from('QED\0') },
  { name: 'a VDI disk', offset: 0x40, magic: Buffer.from([0x7f, 0x10, 0xda, 0xbe]) },
  { name: 'a gzip file', offset: 0, magic: Buffer.from([0x1f, 0x8b, 0x08]) },
  { name: 'an xz file', offset: 0, magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) },
  { name: 'a zstd file', offset: 0, magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
];

/** @throws ImageError UnsupportedDisk that names `what` (`/disk/x of image y`) and says what to do. */
export async function detectDiskFormat(file: FileHandle, what: string): Promise<DiskFormat> {
  const head = Buffer.alloc(QCOW2_HEADER_LENGTH);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const { size } = await file.stat({ bigint: true });
  const unsupported = (why: string) => new ImageError('UnsupportedDisk', `the disk of ${what} ${why}`);
  const header = readQcow2Header(head.subarray(0, bytesRead));
  if (header !== undefined) {
    const objection = objectionTo(header);
    if (objection !== undefined) throw unsupported(objection);
    requireSize(header.virtualSize, unsupported);
    return { format: 'qcow2', virtualSize: header.virtualSize };
  }
  const foreign = FOREIGN.find(({ offset, magic }) => head.subarray(offset, offset + magic.length).equals(magic));
  if (foreign !== undefined) {
    throw unsupported(
      `is ${foreign.name}; only qcow2 and raw are supported: convert it with qemu-img convert -O qcow2`,
    );
  }
  if (size === 0n || size % SECTOR !== 0n) {
    throw unsupported(`is neither qcow2 nor raw: its ${size} bytes are no whole number of 512-byte sectors`);
  }
  requireSize(size, unsupported);
  return { format: 'raw', virtualSize: size };
}

function requireSize(size: bigint, unsupported: (why: string) => Error): void {
  if (size === 0n) throw unsupported('has no bytes');
  if (size > LARGEST_VIRTUAL_DISK)
    throw unsupported(`claims ${size} bytes, above the limit of ${LARGEST_VIRTUAL_DISK}`);
}
