import type { CPU } from '../../../openapi/api.ts';
import type { PlanInput } from './input.ts';
import { guestMemory, processors, translationBuffer } from './memory.ts';
import { escapeOption, json, keyValues, PlanError } from './option.ts';

/** Machine type, accelerator, processors, memory and identity. */
export function board(
  input: PlanInput,
  machineType: string,
  firmwareSwitches: Readonly<Record<string, string | boolean>>,
): string[] {
  const { machine, host } = input;
  const { domain } = machine.spec;
  const bytes = guestMemory(domain);
  const { sockets, cores, threads, total } = processors(domain);
  const file = domain.memory?.backing === 'File';
  return [
    ...['-name', keyValues(`${machine.metadata.namespace}/${machine.metadata.name}`, { 'debug-threads': true })],
    ...['-machine', keyValues(machineType, { ...switches(input), ...firmwareSwitches })],
    ...['-accel', accelerator(input, bytes)],
    ...['-cpu', processor(domain.cpu ?? {}, host.accelerator, domain.features?.kvm?.hidden === true)],
    ...['-smp', keyValues(`cpus=${total}`, { sockets, cores, threads, maxcpus: total })],
    ...['-m', `${bytes / 1024}K`],
    ...json('-object', {
      'qom-type': file ? 'memory-backend-file' : 'memory-backend-memfd',
      id: 'ram0',
      size: bytes,
      share: true,
      ...(file ? { 'mem-path': input.files.memoryFile } : {}),
    }),
    ...identity(input),
  ];
}

function switches({ machine }: PlanInput): Record<string, boolean | string> {
  const { features, firmware } = machine.spec.domain;
  return {
    'memory-backend': 'ram0',
    usb: false,
    vmport: false,
    'dump-guest-core': false,
    acpi: features?.acpi?.enabled ?? features?.acpi === undefined,
    smm: features?.smm === undefined ? false : (features.smm.enabled ?? true),
    // SeaBIOS shows its menu on the serial port when the board says that it has no display.
    ...(firmware?.bootloader?.bios?.useSerial === true ? { graphics: false } : {}),
  };
}

function accelerator({ host }: PlanInput, bytes: number): string {
  switch (host.accelerator) {
    case 'kvm':
      return 'kvm';
    case 'tcg':
      return keyValues('tcg', { thread: 'multi', 'tb-size': translationBuffer(bytes) });
  }
}

/**
 * The -cpu option. host-model is the host's processor under hardware acceleration; emulation has no host to model and
 * offers all that it can do. A feature with policy require makes QEMU refuse to start without it; next to an optional
 * one it cannot, because QEMU knows one switch for all.
 */
function processor(cpu: CPU, accelerated: 'kvm' | 'tcg', hidden: boolean): string {
  const model = cpu.model ?? 'host-model';
  const features = cpu.features ?? [];
  const flags: Record<string, boolean> = {};
  for (const { name, policy } of features) flags[name] = policy !== 'disable' && policy !== 'forbid';
  if (hidden) flags.kvm = false;
  const strict =
    features.some(({ policy }) => (policy ?? 'require') === 'require') &&
    !features.some(({ policy }) => policy === 'optional');
  if (strict) flags.enforce = true;
  return keyValues(modelName(model, accelerated), flags);
}

function modelName(model: string, accelerated: 'kvm' | 'tcg'): string {
  if (model !== 'host-model' && model !== 'host-passthrough') return model;
  if (accelerated === 'kvm') return 'host';
  if (model === 'host-model') return 'max';
  throw new PlanError(
    'NeedsHardwareAcceleration',
    'spec.domain.cpu.model is host-passthrough, which needs hardware acceleration, and this host emulates: choose host-model or another host',
  );
}

/** The identity that the guest reads from SMBIOS, and the generation id that tells it that it is another boot or copy. */
function identity({ machine, bootID }: PlanInput): string[] {
  const { firmware } = machine.spec.domain;
  const uuid = firmware?.uuid ?? machine.metadata.uid ?? '';
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) {
    throw new PlanError(
      'InvalidValue',
      `the machine's uuid ${JSON.stringify(uuid)} is no UUID: set spec.domain.firmware.uuid`,
    );
  }
  return [
    ...['-uuid', escapeOption(uuid)],
    ...[
      '-smbios',
      keyValues('type=1', {
        manufacturer: 'Torpor',
        product: 'Torpor Virtual Machine',
        serial: firmware?.serial,
        uuid,
      }),
    ],
    ...json('-device', { driver: 'vmgenid', id: 'generation', guid: bootID }),
  ];
}
