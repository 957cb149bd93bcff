import type { PlanInput } from './input.ts';
import { json, keyValues, PlanError } from './option.ts';

export type FirmwareKind = 'bios' | 'efi' | 'efi-secure';

/** SeaBIOS unless the machine asks for EFI; secure boot unless it says otherwise, as in KubeVirt. */
export function firmwareKind(machine: PlanInput['machine']): FirmwareKind {
  const { bootloader } = machine.spec.domain.firmware ?? {};
  if (bootloader?.efi === undefined) return 'bios';
  return bootloader.efi.secureBoot === false ? 'efi' : 'efi-secure';
}

/** Firmware files, and what the -machine option gets for them. */
export function firmware(
  input: PlanInput,
  machineType: string,
): { readonly argv: string[]; readonly machine: Record<string, string | boolean> } {
  const kind = firmwareKind(input.machine);
  // QEMU's own default is SeaBIOS.
  if (kind === 'bios') return { argv: [], machine: {} };
  const secure = kind === 'efi-secure';
  if (secure && !machineType.includes('q35')) {
    throw new PlanError(
      'UnsupportedFirmware',
      `EFI secure boot needs machine type q35, not ${machineType}: set firmware.bootloader.efi.secureBoot to false or the type to q35`,
    );
  }
  if (input.machine.spec.domain.firmware?.bootloader?.efi?.persistent === true) {
    throw new PlanError(
      'UnsupportedFirmware',
      'firmware.bootloader.efi.persistent is not supported by this launcher: the variables are new at each start; set it to false',
    );
  }
  const { efiCode, efiSecureCode } = input.host.firmware;
  const code = secure ? efiSecureCode : efiCode;
  const variables = input.files.efiVariables;
  if (code === undefined || variables === undefined) {
    throw new PlanError(
      'NoFirmware',
      `this host has no EFI firmware${secure ? ' with secure boot' : ''}: install the package ovmf`,
    );
  }
  return {
    argv: [
      ...json('-blockdev', {
        driver: 'file',
        'node-name': 'efi-code',
        filename: code,
        'read-only': true,
        'auto-read-only': false,
      }),
      ...json('-blockdev', {
        driver: 'file',
        'node-name': 'efi-vars',
        filename: variables,
        'read-only': false,
        'auto-read-only': false,
      }),
      // The variables are out of the guest's reach but in system management mode.
      ...(secure ? ['-global', keyValues('driver=cfi.pflash01', { property: 'secure', value: 'on' })] : []),
    ],
    machine: { pflash0: 'efi-code', pflash1: 'efi-vars', ...(secure ? { smm: true } : {}) },
  };
}
