import { board } from './board.ts';
import { bootOrder } from './boot-order.ts';
import { clock } from './clock.ts';
import { devices } from './devices.ts';
import { type DiskTarget, disks } from './disks.ts';
import { firmware } from './firmware.ts';
import type { PlanInput } from './input.ts';
import { guestMemory, processors } from './memory.ts';
import { nics } from './nics.ts';
import { escapeOption, keyValues, PlanError } from './option.ts';

/**
 * The effective plan: what really builds the machine. It is a value, stored beside the machine's state; the same plan
 * builds the same machine again. Pure: nothing is read, nothing is probed, the clock is an input.
 */
export interface EffectivePlan {
  readonly version: 1;
  readonly qemuVersion: string;
  readonly accelerator: 'kvm' | 'tcg';
  /** Versioned, for example pc-q35-7.2. */
  readonly machineType: string;
  readonly memoryBytes: number;
  readonly processors: number;
  readonly targets: readonly DiskTarget[];
  /** The first is the absolute path of QEMU. */
  readonly argv: readonly string[];
}

/** @throws PlanError when the machine cannot be built on this host; its message says what to change. */
export function planMachine(input: PlanInput): EffectivePlan {
  const { machine, host } = input;
  const { domain } = machine.spec;
  if (domain.firmware?.kernelBoot !== undefined) {
    throw new PlanError(
      'UnsupportedKernelBoot',
      'spec.domain.firmware.kernelBoot is not supported by this launcher: boot from a disk',
    );
  }
  const machineType = resolveMachineType(input);
  const bus = machineType.includes('q35') ? 'pcie.0' : 'pci.0';
  const order = bootOrder(machine.spec);
  const { argv: firmwareArgv, machine: firmwareSwitches } = firmware(input, machineType);
  const planned = disks(input, order, bus);
  const argv = [
    escapeArgument(host.qemu),
    // -S: the processors wait until everything around them stands; the driver lets them go.
    ...['-nodefaults', '-no-user-config', '-S'],
    ...[
      '-sandbox',
      keyValues('on', { obsolete: 'deny', elevateprivileges: 'deny', spawn: 'deny', resourcecontrol: 'deny' }),
    ],
    ...firmwareArgv,
    ...board(input, machineType, firmwareSwitches),
    ...['-boot', keyValues('strict=on', { menu: false })],
    ...['-rtc', clock(domain.clock, input.now)],
    ...devices(input, bus),
    ...nics(input.interfaces, order, bus),
    ...planned.argv,
  ];
  return {
    version: 1,
    qemuVersion: host.qemuVersion,
    accelerator: host.accelerator,
    machineType,
    memoryBytes: guestMemory(domain),
    processors: processors(domain).total,
    targets: planned.targets,
    argv,
  };
}

function resolveMachineType({ machine, host }: PlanInput): string {
  const wanted = machine.spec.domain.machine?.type ?? 'q35';
  const found = host.machineTypes.get(wanted);
  if (found !== undefined && /^pc(-q35|-i440fx)?-\d/.test(found)) return found;
  throw new PlanError(
    'UnsupportedMachineType',
    `spec.domain.machine.type ${escapeOption(wanted)} is not supported by QEMU ${host.qemuVersion} on this host: choose q35 or pc, or see the Host's status.machineTypes`,
  );
}

function escapeArgument(path: string): string {
  if (!path.startsWith('/')) throw new PlanError('NoQemu', `the path of QEMU, ${path}, is not absolute`);
  return path;
}

/** The plan as the supervisor reads it (launcher/supervisor/PROTOCOL.md). */
export function encodeArguments(argv: readonly string[]): Buffer {
  return Buffer.from(argv.map((argument) => `${argument}\0`).join(''), 'utf8');
}
