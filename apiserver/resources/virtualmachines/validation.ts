import type { VirtualMachine } from '../../../openapi/api.ts';
import { type FieldError, field } from '../../../openapi/machinery/errors.ts';
import { labelNameErrors } from '../../../openapi/machinery/names.ts';
import { compareQuantities, tryParseQuantity } from '../../../openapi/machinery/quantity.ts';
import { validateVolume } from './validate-volume.ts';

/** Rules that a schema cannot say: what belongs together. The form of every field has been checked before. */
export function validateMachine(machine: VirtualMachine): FieldError[] {
  const { spec } = machine;
  return [
    ...(spec.hostname === undefined
      ? []
      : labelNameErrors(spec.hostname).map((why) => field.invalid('spec.hostname', spec.hostname, why))),
    ...memoryErrors(spec.domain),
    ...firmwareErrors(spec.domain),
    ...cpuErrors(spec.domain),
    ...diskErrors(spec),
    ...interfaceErrors(spec),
    ...bootOrderErrors(spec.domain.devices),
    ...(spec.volumes ?? []).flatMap((volume, index) => validateVolume(volume, `spec.volumes[${index}]`)),
  ];
}

type Spec = VirtualMachine['spec'];
type Domain = Spec['domain'];

/** Firmware and a boot loader need that much; less is a slip of the unit. */
const LEAST_MEMORY = { text: '1Mi', quantity: tryParseQuantity('1Mi') };
const MOST_CPUS = 512;

function memoryErrors(domain: Domain): FieldError[] {
  const path = 'spec.domain.memory.guest';
  const guest = tryParseQuantity(domain.memory?.guest);
  if (domain.memory?.guest === undefined) {
    return [field.required(path, 'how much memory the guest sees, for example 512Mi')];
  }
  if (guest === undefined || LEAST_MEMORY.quantity === undefined) return [];
  if (compareQuantities(guest, LEAST_MEMORY.quantity) < 0) {
    return [field.invalid(path, domain.memory.guest, `must be at least ${LEAST_MEMORY.text}`)];
  }
  const most = tryParseQuantity(domain.memory.maxGuest);
  if (most === undefined || compareQuantities(most, guest) >= 0) return [];
  return [field.invalid('spec.domain.memory.maxGuest', domain.memory.maxGuest, 'must not be less than guest')];
}

function cpuErrors({ cpu }: Domain): FieldError[] {
  const cpus = (cpu?.cores ?? 1) * (cpu?.sockets ?? 1) * (cpu?.threads ?? 1);
  if (cpus <= MOST_CPUS) return [];
  return [field.invalid('spec.domain.cpu', cpus, `cores × sockets × threads must be at most ${MOST_CPUS}`)];
}

function firmwareErrors({ firmware, features, machine, clock }: Domain): FieldError[] {
  const { bios, efi } = firmware?.bootloader ?? {};
  const path = 'spec.domain.firmware.bootloader';
  const problems: FieldError[] = [];
  if (bios && efi) problems.push(field.forbidden(path, 'only one of bios and efi may be set'));
  if (firmware?.bootloader && !bios && !efi) problems.push(field.required(path, 'one of bios and efi'));
  if (efi?.secureBoot === true && features?.smm?.enabled === false) {
    problems.push(field.invalid(`${path}.efi.secureBoot`, true, 'needs spec.domain.features.smm'));
  }
  if (efi?.secureBoot === true && machine?.type !== undefined && !machine.type.includes('q35')) {
    problems.push(field.invalid(`${path}.efi.secureBoot`, true, 'needs machine type q35'));
  }
  if (clock?.utc && clock.timezone) {
    problems.push(field.forbidden('spec.domain.clock', 'only one of utc and timezone may be set'));
  }
  return problems;
}

function diskErrors(spec: Spec): FieldError[] {
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name));
  const byName = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  return (spec.domain.devices?.disks ?? []).flatMap((disk, index) => {
    const path = `spec.domain.devices.disks[${index}]`;
    const problems: FieldError[] = [];
    if (!volumes.has(disk.name)) {
      problems.push(field.invalid(`${path}.name`, disk.name, 'spec.volumes has no volume of this name'));
    }
    const kinds = (['disk', 'cdrom', 'lun'] as const).filter((kind) => disk[kind] !== undefined);
    if (kinds.length > 1) problems.push(field.forbidden(path, `only one of ${kinds.join(' and ')} may be set`));
    const volume = byName.get(disk.name);
    if (disk.lun && volume && !volume.persistentVolumeClaim) {
      problems.push(field.invalid(`${path}.lun`, disk.name, 'needs a volume of kind persistentVolumeClaim'));
    }
    if (disk.io === 'native' && disk.cache !== undefined && disk.cache !== 'none') {
      problems.push(field.invalid(`${path}.io`, disk.io, 'native needs cache none'));
    }
    return problems;
  });
}

function interfaceErrors(spec: Spec): FieldError[] {
  const networks = new Set((spec.networks ?? []).map(({ name }) => name));
  const interfaces = spec.domain.devices?.interfaces ?? [];
  const attached = new Set(interfaces.map(({ name }) => name));
  const problems = interfaces.flatMap((one, index) => {
    const path = `spec.domain.devices.interfaces[${index}]`;
    const missing = networks.has(one.name)
      ? []
      : [field.invalid(`${path}.name`, one.name, 'spec.networks has no network of this name')];
    const ports = (one.ports ?? []).flatMap(({ port }, at) =>
      port >= 1 && port <= 65_535
        ? []
        : [field.invalid(`${path}.ports[${at}].port`, port, 'must be between 1 and 65535, inclusive')],
    );
    return [...missing, ...ports];
  });
  (spec.networks ?? []).forEach((network, index) => {
    if (attached.has(network.name)) return;
    const path = `spec.networks[${index}].name`;
    problems.push(field.invalid(path, network.name, 'spec.domain.devices.interfaces has no interface of this name'));
  });
  return problems;
}

/** The firmware needs one order over disks and interfaces together. */
function bootOrderErrors(devices: Domain['devices']): FieldError[] {
  const seen = new Set<number>();
  const problems: FieldError[] = [];
  for (const list of ['disks', 'interfaces'] as const) {
    for (const [index, device] of (devices?.[list] ?? []).entries()) {
      if (device.bootOrder === undefined) continue;
      const path = `spec.domain.devices.${list}[${index}].bootOrder`;
      if (seen.has(device.bootOrder)) problems.push(field.duplicate(path, device.bootOrder));
      seen.add(device.bootOrder);
    }
  }
  return problems;
}
