import type { Disk } from '../../../openapi/api.ts';
import { blockNodes } from './block-nodes.ts';
import type { BootOrder } from './boot-order.ts';
import type { PlanInput, PreparedDisk } from './input.ts';
import { json, PlanError } from './option.ts';
import { capacity, pciAddress } from './pci.ts';

const SATA_PORTS = 6;
const SCSI_UNITS = 256;

type Place = { readonly bus: 'virtio' | 'sata' | 'scsi'; readonly index: number };

/** The name that a Linux guest gives the disk, for status.volumeStatus[].target. */
export interface DiskTarget {
  readonly volume: string;
  readonly target: string;
}

export interface PlannedDisks {
  readonly argv: string[];
  readonly targets: readonly DiskTarget[];
}

export function disks(input: PlanInput, order: BootOrder, bus: string): PlannedDisks {
  const list = input.machine.spec.domain.devices?.disks ?? [];
  const counts = { virtio: 0, sata: 0, scsi: 0 };
  const placed = list.map((disk) => {
    const kind = busOf(disk);
    return { disk, place: { bus: kind, index: counts[kind]++ } satisfies Place };
  });
  checkRoom(counts);
  let letters = 0;
  let readers = 0;
  const argv = controllers(counts, bus);
  const targets: DiskTarget[] = [];
  for (const [index, { disk, place }] of placed.entries()) {
    const prepared = input.disks.get(disk.name);
    if (prepared === undefined) {
      throw new PlanError(
        'NoVolume',
        `disk "${disk.name}" has no volume of that name: add it to spec.volumes or remove the disk`,
      );
    }
    argv.push(...oneDisk(disk, prepared, `disk${index}`, place, counts.virtio, order.disks.get(disk.name) ?? 0, bus));
    const cdrom = disk.cdrom !== undefined;
    const target = cdrom
      ? `sr${readers++}`
      : place.bus === 'virtio'
        ? `vd${letter(place.index)}`
        : `sd${letter(letters++)}`;
    targets.push({ volume: disk.name, target });
  }
  return { argv, targets };
}

function busOf(disk: Disk): Place['bus'] {
  if (disk.cdrom !== undefined) return disk.cdrom.bus ?? 'sata';
  if (disk.lun !== undefined) return disk.lun.bus ?? 'scsi';
  return disk.disk?.bus ?? 'virtio';
}

function checkRoom(counts: Readonly<Record<Place['bus'], number>>): void {
  const room = { virtio: capacity('disk'), sata: capacity('sata') * SATA_PORTS, scsi: SCSI_UNITS };
  for (const bus of ['virtio', 'sata', 'scsi'] as const) {
    if (counts[bus] <= room[bus]) continue;
    throw new PlanError(
      'TooManyDevices',
      `a machine has room for ${room[bus]} disks on bus ${bus}, not for ${counts[bus]}: move some to bus scsi`,
    );
  }
}

function controllers(counts: Readonly<Record<Place['bus'], number>>, bus: string): string[] {
  const argv: string[] = [];
  const adapters = Math.ceil(counts.sata / SATA_PORTS);
  for (let index = 0; index < adapters; index += 1) {
    argv.push(
      ...json('-device', { driver: 'ich9-ahci', id: `sata${index}`, bus, ...pciAddress('sata', index, adapters) }),
    );
  }
  if (counts.scsi > 0)
    argv.push(...json('-device', { driver: 'virtio-scsi-pci', id: 'scsi0', bus, ...pciAddress('scsi') }));
  return argv;
}

function oneDisk(
  disk: Disk,
  { source, directIo }: PreparedDisk,
  node: string,
  place: Place,
  virtioDisks: number,
  bootindex: number,
  bus: string,
): string[] {
  const cdrom = disk.cdrom !== undefined;
  const readOnly = cdrom || source.readOnly || disk.disk?.readonly === true || disk.lun?.readonly === true;
  const cache = disk.cache ?? (directIo ? 'none' : 'writeback');
  if (cache === 'none' && !directIo) {
    throw new PlanError(
      'UnsupportedCache',
      `disk "${disk.name}" has cache none, and the file system of its volume cannot do direct I/O: leave cache out or set writeback`,
    );
  }
  if (disk.io === 'native' && cache !== 'none') {
    throw new PlanError('UnsupportedCache', `disk "${disk.name}" has io native, which needs cache none`);
  }
  if (place.bus === 'sata' && !cdrom && readOnly) {
    throw new PlanError(
      'UnsupportedReadOnly',
      `disk "${disk.name}" is read-only, which a SATA disk cannot be: make it a cdrom, or choose bus virtio or scsi`,
    );
  }
  if (disk.lun !== undefined && source.kind !== 'device') {
    throw new PlanError(
      'UnsupportedLun',
      `disk "${disk.name}" is a lun, and its volume is no block device: use disk with bus scsi instead`,
    );
  }
  const options = {
    name: node,
    readOnly,
    direct: cache === 'none',
    native: disk.io === 'native',
    shareable: disk.shareable === true,
  };
  const common = {
    id: `${node}-device`,
    drive: node,
    bootindex,
    // scsi-block passes the device's own identity and cache mode through.
    ...(disk.lun === undefined && disk.serial !== undefined ? { serial: disk.serial } : {}),
    ...(disk.lun === undefined && !cdrom ? { 'write-cache': cache === 'writethrough' ? 'off' : 'on' } : {}),
    ...(disk.shareable === true ? { 'share-rw': true } : {}),
  };
  return [
    ...blockNodes(source, options),
    ...json('-device', { driver: driverOf(disk, place), ...common, ...position(place, virtioDisks, bus) }),
  ];
}

function driverOf(disk: Disk, { bus }: Place): string {
  switch (bus) {
    case 'virtio':
      return 'virtio-blk-pci';
    case 'sata':
      return disk.cdrom === undefined ? 'ide-hd' : 'ide-cd';
    case 'scsi':
      if (disk.lun !== undefined) return 'scsi-block';
      return disk.cdrom === undefined ? 'scsi-hd' : 'scsi-cd';
  }
}

function position({ bus, index }: Place, virtioDisks: number, root: string): Record<string, unknown> {
  switch (bus) {
    case 'virtio':
      return { bus: root, ...pciAddress('disk', index, virtioDisks) };
    case 'sata':
      return { bus: `sata${Math.floor(index / SATA_PORTS)}.${index % SATA_PORTS}` };
    case 'scsi':
      return { bus: 'scsi0.0', channel: 0, 'scsi-id': index, lun: 0 };
  }
}

/** a … z, aa, ab, … as Linux counts disks. */
function letter(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letter(Math.floor(index / 26) - 1) + last;
}
