import type { Devices, Disk, VirtualMachineSpec, Volume } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';

/** Disks against volumes, and the boot order over disks and interfaces. */
export function deviceErrors(spec: VirtualMachineSpec, path: string): FieldError[] {
  const devices = spec.domain.devices ?? {};
  const at = `${path}.domain.devices`;
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  const disks = devices.disks ?? [];
  const list: FieldError[] = [];
  for (const [index, disk] of disks.entries()) {
    list.push(...diskErrors(disk, volumes.get(disk.name), `${at}.disks[${index}]`));
  }
  const shown = new Set(disks.map((disk) => disk.name));
  for (const [index, { name }] of (spec.volumes ?? []).entries()) {
    if (shown.has(name)) continue;
    const text = 'no disk in spec.domain.devices.disks has this name';
    list.push(field.invalid(`${path}.volumes[${index}].name`, name, text));
  }
  return [...list, ...bootOrderErrors(devices, at)];
}

const targets = ['disk', 'cdrom', 'lun'] as const;

function diskErrors(disk: Disk, volume: Volume | undefined, path: string): FieldError[] {
  const list: FieldError[] = [];
  if (!volume) {
    list.push({
      type: 'notFound',
      field: `${path}.name`,
      value: disk.name,
      detail: 'no volume in spec.volumes has this name',
    });
  }
  const [first, ...more] = targets.filter((target) => disk[target] !== undefined);
  if (!first) list.push(field.required(path, 'must be one of disk, cdrom and lun'));
  for (const target of more) {
    list.push(field.forbidden(`${path}.${target}`, `may not be given together with ${first}`));
  }
  if (disk.lun && volume && !volume.persistentVolumeClaim) {
    list.push(field.invalid(`${path}.lun`, disk.name, 'a lun can only show a volume of persistentVolumeClaim'));
  }
  if (disk.io === 'native' && disk.cache !== 'none') {
    list.push(field.invalid(`${path}.io`, disk.io, 'needs cache none'));
  }
  if (disk.shareable && volume && !volume.persistentVolumeClaim) {
    list.push(field.invalid(`${path}.shareable`, true, 'only a volume of persistentVolumeClaim can be shared'));
  }
  if (disk.shareable && disk.cache !== undefined && disk.cache !== 'none') {
    list.push(field.invalid(`${path}.cache`, disk.cache, 'must be none for a disk that is shareable'));
  }
  return list;
}

function bootOrderErrors(devices: Devices, path: string): FieldError[] {
  const list: FieldError[] = [];
  const taken = new Set<number>();
  for (const kind of ['disks', 'interfaces'] as const) {
    for (const [index, { bootOrder }] of (devices[kind] ?? []).entries()) {
      if (bootOrder === undefined) continue;
      if (taken.has(bootOrder)) list.push(field.duplicate(`${path}.${kind}[${index}].bootOrder`, bootOrder));
      taken.add(bootOrder);
    }
  }
  return list;
}
