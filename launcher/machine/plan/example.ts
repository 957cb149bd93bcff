import type { VirtualMachine } from '../../../openapi/api.ts';
import type { PreparedInterface } from '../../network/network.ts';
import type { DiskSource } from '../../volumes/volume.ts';
import type { HostFacts, PlanInput } from './input.ts';

/** Inputs for tests of the plan: one machine, and ways to vary it. */
export const host: HostFacts = {
  qemu: '/usr/bin/qemu-system-x86_64',
  qemuVersion: '7.2.22',
  accelerator: 'tcg',
  machineTypes: new Map([
    ['q35', 'pc-q35-7.2'],
    ['pc', 'pc-i440fx-7.2'],
    ['pc-q35-7.2', 'pc-q35-7.2'],
  ]),
  firmware: { efiCode: '/usr/share/OVMF/OVMF_CODE_4M.fd', efiSecureCode: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd' },
};

export const image: DiskSource = {
  kind: 'file',
  format: 'qcow2',
  path: '/state/boot/root.overlay.qcow2',
  readOnly: false,
  backing: { kind: 'file', format: 'qcow2', path: '/state/boot/root.base.qcow2', readOnly: true, backing: undefined },
};

export const seed: DiskSource = { kind: 'file', format: 'raw', path: '/state/boot/seed.iso', readOnly: true };

export const nic: PreparedInterface = {
  name: 'default',
  tap: 'tap0',
  macAddress: '5e:25:2d:50:ec:c4',
  model: 'virtio',
  mtu: 1500,
  address: '10.127.0.2',
  guestAddress: '10.0.2.2',
};

export type Spec = VirtualMachine['spec'];

export function machineWith(
  spec: Partial<Omit<Spec, 'domain'>> & { readonly domain?: Partial<Spec['domain']> } = {},
): VirtualMachine {
  const { domain, ...rest } = spec;
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web', namespace: 'default', uid: '3f0f4f0e-7f0a-4b63-9d7e-111111111111' },
    spec: {
      ...rest,
      domain: {
        cpu: { cores: 2 },
        memory: { guest: '512Mi' },
        ...domain,
        devices: {
          disks: [
            { name: 'root', disk: { bus: 'virtio' }, bootOrder: 1 },
            { name: 'seed', disk: { bus: 'virtio' } },
          ],
          interfaces: [{ name: 'default', masquerade: {}, model: 'virtio' }],
          ...domain?.devices,
        },
      },
    },
  } as VirtualMachine;
}

export function inputWith(machine: VirtualMachine, more: Partial<PlanInput> = {}): PlanInput {
  return {
    machine,
    bootID: 'b0000000-0000-4000-8000-000000000001',
    disks: new Map([
      ['root', { source: image, directIo: true }],
      ['seed', { source: seed, directIo: true }],
    ]),
    interfaces: [nic],
    host,
    files: {
      vncSocket: '/run/s/display/vnc',
      memoryFile: '/state/boot/memory.ram',
      efiVariables: '/state/boot/efi.vars',
    },
    now: new Date('2026-03-01T12:00:00Z'),
    ...more,
  };
}

/** The value after an option that occurs once. */
export function optionOf(argv: readonly string[], option: string): string | undefined {
  const index = argv.indexOf(option);
  return index < 0 ? undefined : argv[index + 1];
}

/** All JSON values of an option. */
export function jsonOf(argv: readonly string[], option: string): Record<string, unknown>[] {
  return argv.flatMap((argument, index) =>
    argv[index - 1] === option && argument.startsWith('{') ? [JSON.parse(argument)] : [],
  );
}
