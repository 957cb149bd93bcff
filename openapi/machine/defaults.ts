import type { KubernetesObject } from '../machinery/object.ts';
import { tryParseQuantity } from '../machinery/quantity.ts';
import { defaultPullPolicy } from './image-reference.ts';

/**
 * Defaults of a machine that follow from its other fields; those that stand alone are stated in openapi/documents and
 * have been applied before.
 *
 * D1  Applied twice, nothing changes: an update that sends back what was read is no change.
 * D2  Nothing is random and nothing depends on time: MAC addresses and the firmware's UUID are derived by the launcher.
 * D3  Any JSON is borne: a value of a wrong type is left alone, for validation to refuse.
 */
export function defaultMachine(machine: KubernetesObject): void {
  const spec = record(record(machine)?.spec);
  const domain = record(spec?.domain);
  if (!spec || !domain) return;
  defaultCpu(domain);
  defaultMemory(domain, spec.idle !== undefined);
  defaultBoard(domain);
  const devices = record(domain.devices);
  if (devices) defaultNetwork(spec, devices);
  defaultPull(record(record(record(domain.firmware)?.kernelBoot)?.container));
}

/**
 * Defaults inside lists, for the copy of a machine that somebody works with; never stored (schema/defaults.ts says why).
 * `defaultMachine` has been applied before.
 */
export function defaultListItems(machine: KubernetesObject): void {
  const spec = record(record(machine)?.spec);
  const devices = record(record(spec?.domain)?.devices);
  if (!spec || !devices) return;
  for (const network of records(spec.networks)) network.pod ??= {};
  for (const one of records(devices.interfaces)) one.masquerade ??= {};
  defaultDisks(spec, devices);
  for (const volume of records(spec.volumes)) {
    for (const source of [record(volume.registryDisk), record(volume.containerDisk)]) defaultPull(source);
  }
}

type Fields = Record<string, unknown>;

function record(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function records(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(record).filter((item) => item !== undefined) : [];
}

/** Without a topology, as many sockets as the requested or allowed processors; else 1 × 1 × 1. */
function defaultCpu(domain: Fields): void {
  domain.cpu ??= {};
  const cpu = record(domain.cpu);
  if (!cpu) return;
  if (cpu.cores === undefined && cpu.sockets === undefined && cpu.threads === undefined) {
    const asked = resource(domain, 'limits', 'cpu') ?? resource(domain, 'requests', 'cpu');
    const quantity = tryParseQuantity(asked);
    if (quantity && quantity.nanos > 0n) {
      const whole = (quantity.nanos + 999_999_999n) / 1_000_000_000n;
      cpu.sockets = Number(whole > 512n ? 512n : whole);
    }
  }
  cpu.cores ??= 1;
  cpu.sockets ??= 1;
  cpu.threads ??= 1;
  cpu.model ??= 'host-model';
}

function defaultMemory(domain: Fields, sleeps: boolean): void {
  const asked = resource(domain, 'requests', 'memory') ?? resource(domain, 'limits', 'memory');
  if (domain.memory === undefined && asked === undefined) return;
  domain.memory ??= {};
  const memory = record(domain.memory);
  if (!memory) return;
  if (memory.guest === undefined && asked !== undefined) memory.guest = asked;
  memory.backing ??= sleeps ? 'File' : 'Memory';
}

function resource(domain: Fields, list: 'requests' | 'limits', name: string): unknown {
  return record(record(domain.resources)?.[list])?.[name];
}

/** Secure boot is on unless said otherwise and needs system management mode, which therefore comes with it. */
function defaultBoard(domain: Fields): void {
  domain.machine ??= { type: 'q35' };
  const efi = record(record(record(domain.firmware)?.bootloader)?.efi);
  if (!efi) return;
  efi.secureBoot ??= true;
  if (efi.secureBoot !== true) return;
  domain.features ??= {};
  const features = record(domain.features);
  if (features) features.smm ??= { enabled: true };
}

function defaultNetwork(spec: Fields, devices: Fields): void {
  const none = (list: unknown) => list === undefined || (Array.isArray(list) && list.length === 0);
  if (none(spec.networks) && none(devices.interfaces) && (devices.autoattachPodInterface ?? true) === true) {
    spec.networks = [{ name: 'default', pod: {} }];
    devices.interfaces = [{ name: 'default', model: 'virtio', masquerade: {} }];
  }
}

/** A volume that no disk shows gets one, as in KubeVirt. */
function defaultDisks(spec: Fields, devices: Fields): void {
  for (const disk of records(devices.disks)) {
    if (disk.disk === undefined && disk.cdrom === undefined && disk.lun === undefined) disk.disk = { bus: 'virtio' };
  }
  const volumes = records(spec.volumes);
  if (volumes.length === 0) return;
  if (devices.disks === undefined) devices.disks = [];
  if (!Array.isArray(devices.disks)) return;
  const shown = new Set(records(devices.disks).map((disk) => disk.name));
  for (const { name } of volumes) {
    if (typeof name !== 'string' || shown.has(name)) continue;
    shown.add(name);
    devices.disks.push({ name, disk: { bus: 'virtio' } });
  }
}

function defaultPull(source: Fields | undefined): void {
  if (source && typeof source.image === 'string') source.imagePullPolicy ??= defaultPullPolicy(source.image);
}
