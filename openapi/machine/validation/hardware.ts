import type { Domain, KernelBoot, MachineResources, Memory } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts';
import { imageErrors, secretNameErrors } from './image.ts';

const MOST_PROCESSORS = 512;
const MEBIBYTE = parseQuantity('1Mi');
const MOST_MEMORY = parseQuantity('16Ti');

/** Processors, memory, firmware, clock and requested resources. */
export function hardwareErrors(domain: Domain, path: string): FieldError[] {
  return [
    ...processorErrors(domain, path),
    ...resourceErrors(domain.resources, `${path}.resources`),
    ...memoryErrors(domain.memory, domain.resources, `${path}.memory`),
    ...firmwareErrors(domain, path),
    ...kernelErrors(domain.firmware?.kernelBoot, `${path}.firmware.kernelBoot`),
    ...clockErrors(domain, path),
  ];
}

function processorErrors({ cpu }: Domain, path: string): FieldError[] {
  const count = (cpu?.cores ?? 1) * (cpu?.sockets ?? 1) * (cpu?.threads ?? 1);
  if (count <= MOST_PROCESSORS) return [];
  const text = `cores × sockets × threads must not be more than ${MOST_PROCESSORS}`;
  return [field.invalid(`${path}.cpu`, count, text)];
}

function resourceErrors(resources: MachineResources | undefined, path: string): FieldError[] {
  const list: FieldError[] = [];
  for (const kind of ['requests', 'limits'] as const) {
    for (const [name, value] of Object.entries(resources?.[kind] ?? {})) {
      const at = `${path}.${kind}.${name}`;
      if (name !== 'cpu' && name !== 'memory') list.push(field.notSupported(at, name, ['cpu', 'memory']));
      else if (parseQuantity(value).nanos < 0n) {
        list.push(field.invalid(at, value, 'must be greater than or equal to 0'));
      }
    }
  }
  for (const name of ['cpu', 'memory'] as const) {
    const request = resources?.requests?.[name];
    const limit = resources?.limits?.[name];
    if (request === undefined || limit === undefined) continue;
    if (isLess(parseQuantity(limit), parseQuantity(request))) {
      list.push(field.invalid(`${path}.requests.${name}`, request, `must be less than or equal to ${name} limit`));
    }
  }
  return list;
}

function memoryErrors(memory: Memory | undefined, resources: MachineResources | undefined, path: string): FieldError[] {
  const at = `${path}.guest`;
  if (memory?.guest === undefined) {
    return [field.required(at, 'the memory of the guest must be given, for example 512Mi')];
  }
  const guest = parseQuantity(memory.guest);
  if (guest.nanos <= 0n) return [field.invalid(at, memory.guest, 'must be greater than 0')];
  if (isLess(guest, MEBIBYTE)) return [field.invalid(at, memory.guest, 'must be at least 1Mi')];
  if (isLess(MOST_MEMORY, guest)) return [field.invalid(at, memory.guest, 'must not be more than 16Ti')];
  const list: FieldError[] = [];
  const limit = resources?.limits?.memory;
  if (limit !== undefined && isLess(parseQuantity(limit), guest)) {
    const text = `must be equal to or less than the memory limit spec.domain.resources.limits.memory ${limit}`;
    list.push(field.invalid(at, memory.guest, text));
  }
  if (memory.maxGuest !== undefined) {
    const most = parseQuantity(memory.maxGuest);
    if (isLess(most, guest)) {
      list.push(field.invalid(`${path}.maxGuest`, memory.maxGuest, `must not be less than ${at} ${memory.guest}`));
    } else if (isLess(MOST_MEMORY, most)) {
      list.push(field.invalid(`${path}.maxGuest`, memory.maxGuest, 'must not be more than 16Ti'));
    }
  }
  return list;
}

const isLess = (a: Quantity, b: Quantity) => a.nanos < b.nanos;

/** Board types for which secure boot's system management mode exists. */
const SMM_BOARD = /^(pc-)?q35/;

function firmwareErrors({ firmware, features, machine }: Domain, path: string): FieldError[] {
  const loader = firmware?.bootloader;
  if (!loader) return [];
  const at = `${path}.firmware.bootloader`;
  if (loader.bios && loader.efi) return [field.forbidden(`${at}.efi`, 'may not be given together with bios')];
  if (!loader.bios && !loader.efi) return [field.required(at, 'must be one of bios and efi')];
  if (!loader.efi || loader.efi.secureBoot === false) return [];
  const list: FieldError[] = [];
  if (features?.smm?.enabled === false) {
    const text = 'secure boot needs system management mode; enable spec.domain.features.smm or set secureBoot to false';
    list.push(field.invalid(`${at}.efi.secureBoot`, true, text));
  }
  if (!SMM_BOARD.test(machine?.type ?? 'q35')) {
    const text = `secure boot needs machine type q35, not ${machine?.type}; set secureBoot to false or the type to q35`;
    list.push(field.invalid(`${at}.efi.secureBoot`, true, text));
  }
  return list;
}

function kernelErrors(boot: KernelBoot | undefined, path: string): FieldError[] {
  if (!boot) return [];
  const { container } = boot;
  const at = `${path}.container`;
  const list = [
    ...imageErrors(container.image, `${at}.image`),
    ...secretNameErrors(container.imagePullSecret, `${at}.imagePullSecret`),
    ...absolutePathErrors(container.kernelPath, `${at}.kernelPath`),
    ...absolutePathErrors(container.initrdPath, `${at}.initrdPath`),
  ];
  if (!container.kernelPath && !container.initrdPath) {
    list.push(field.required(`${at}.kernelPath`, 'kernelPath, initrdPath or both must be given'));
  }
  if (boot.kernelArgs && !container.kernelPath) {
    list.push(field.invalid(`${path}.kernelArgs`, boot.kernelArgs, 'needs container.kernelPath'));
  }
  return list;
}

/** A path inside an image: absolute, and it does not climb. */
export function absolutePathErrors(path: string | undefined, at: string): FieldError[] {
  if (path === undefined) return [];
  if (!path.startsWith('/')) return [field.invalid(at, path, 'must be an absolute path')];
  if (path.split('/').includes('..')) return [field.invalid(at, path, "must not contain '..'")];
  if (path.endsWith('/') || path.includes('\0')) return [field.invalid(at, path, 'must name a file')];
  return [];
}

function clockErrors({ clock }: Domain, path: string): FieldError[] {
  if (!clock) return [];
  if (clock.utc && clock.timezone !== undefined) {
    return [field.forbidden(`${path}.clock.timezone`, 'may not be given together with utc')];
  }
  if (clock.timezone === undefined || isTimezone(clock.timezone)) return [];
  const text = 'must be a zone of the IANA database, for example Europe/Berlin';
  return [field.invalid(`${path}.clock.timezone`, clock.timezone, text)];
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name !== '';
  } catch {
    return false;
  }
}
