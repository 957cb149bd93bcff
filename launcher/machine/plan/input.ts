import type { VirtualMachine } from '../../../openapi/api.ts';
import type { PreparedInterface } from '../../network/network.ts';
import type { DiskSource } from '../../volumes/volume.ts';

/** Everything that a plan is made from; the plan is a pure function of it. */
export interface PlanInput {
  readonly machine: VirtualMachine;
  /** Identity of the boot (UUID); the guest sees it as its VM generation id. */
  readonly bootID: string;
  /** By volume name. */
  readonly disks: ReadonlyMap<string, PreparedDisk>;
  /** The nth reaches QEMU as descriptor FIRST_TAP + n. */
  readonly interfaces: readonly PreparedInterface[];
  readonly host: HostFacts;
  readonly files: PlanFiles;
  readonly now: Date;
}

export interface PreparedDisk {
  readonly source: DiskSource;
  /** The file system takes O_DIRECT. */
  readonly directIo: boolean;
}

export interface HostFacts {
  /** Absolute path of qemu-system-x86_64. */
  readonly qemu: string;
  readonly qemuVersion: string;
  readonly accelerator: 'kvm' | 'tcg';
  /** Machine types by name; an alias such as q35 leads to its versioned name. */
  readonly machineTypes: ReadonlyMap<string, string>;
  readonly firmware: {
    readonly efiCode: string | undefined;
    readonly efiSecureCode: string | undefined;
  };
}

export interface PlanFiles {
  /** Unix socket that QEMU makes for VNC. */
  readonly vncSocket: string;
  /** The RAM file of `memory.backing: File`, already of the right size. */
  readonly memoryFile: string;
  /** This machine's own copy of the EFI variables; present when the machine boots by EFI. */
  readonly efiVariables: string | undefined;
}

/** Numbers under which QEMU inherits its sockets and taps (launcher/supervisor/PROTOCOL.md). */
export const descriptors = { power: 3, qmp: 4, serial: 5, guestAgent: 6, firstTap: 7 } as const;

export const MAXIMUM_INTERFACES = 16;
