import type { VirtualMachine, Volume } from '../../openapi/api.ts';

/**
 * One kind of volume is one file that satisfies VolumeKind. A kind turns a volume of the spec into a disk source and
 * takes away what it made. It never talks to QEMU: the machine's plan turns a DiskSource into block nodes.
 *
 * V1  prepare is idempotent: called again for the same boot it returns the same source and makes nothing twice.
 * V2  Nothing half-written is ever visible under its final name: write beside, sync, rename.
 * V3  Bytes from outside (images, claims) are hostile: formats are named by us and never probed by QEMU, a backing file
 *     is only ever one that we chose.
 * V4  cleanup removes everything prepare made that does not outlive the boot, is idempotent, and needs no prepare first.
 */
export interface VolumeKind {
  /** True when this kind serves the volume. */
  handles(volume: Volume): boolean;
  prepare(volume: Volume, context: VolumeContext): Promise<VolumeOutcome>;
  cleanup(volumeName: string, context: VolumeContext): Promise<void>;
}

export type VolumeOutcome =
  | { readonly kind: 'ready'; readonly source: DiskSource }
  /** Something that will come by itself (a Secret, a claim): looked at again soon, not an error. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  /** Retried with back-off; reason is CamelCase for the VolumesReady condition, the message says what to do. */
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string };

/** A disk as QEMU shall open it. Formats are explicit at every level (V3). */
export type DiskSource =
  | { readonly kind: 'file'; readonly format: 'raw'; readonly path: string; readonly readOnly: boolean }
  | {
      readonly kind: 'file';
      readonly format: 'qcow2';
      readonly path: string;
      readonly readOnly: boolean;
      /** Undefined: the image stands alone and its header must name no backing file. */
      readonly backing: DiskSource | undefined;
    }
  | { readonly kind: 'device'; readonly path: string; readonly readOnly: boolean };

/** What a kind may use. */
export interface VolumeContext {
  readonly machine: VirtualMachine;
  /** Directory of this boot's own files; on the same filesystem as the image cache where possible, removed at stop. */
  readonly bootDirectory: string;
  /** Owner for every file that QEMU writes (numeric, unprivileged). */
  readonly uid: number;
  readonly gid: number;
  readonly signal: AbortSignal;
  /** For long work; at most a few calls a second, shown in the VolumesReady condition's message. */
  progress(volumeName: string, message: string): void;
  /** Reads a Secret or ConfigMap of the machine's namespace; undefined when absent. Values are decoded bytes. */
  readSecret(name: string): Promise<ReadonlyMap<string, Buffer> | undefined>;
  readConfigMap(name: string): Promise<ReadonlyMap<string, Buffer> | undefined>;
  /** Where a bound claim lives on this node; undefined until it is bound. */
  locateClaim(name: string): Promise<ClaimLocation | undefined>;
}

export type ClaimLocation =
  | {
      readonly kind: 'directory';
      readonly path: string /** Bytes granted to the claim. */;
      readonly capacity: bigint;
      readonly readOnly: boolean;
    }
  | { readonly kind: 'device'; readonly path: string; readonly readOnly: boolean };
