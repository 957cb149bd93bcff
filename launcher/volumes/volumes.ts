import type { VirtualMachine, Volume } from '../../openapi/api.ts';
import type { ImageStore } from '../images/image-store.ts';
import { removeBootFiles } from './boot-files.ts';
import { cloudInitNoCloud } from './cloud-init-nocloud.ts';
import { configMap } from './config-map.ts';
import { emptyDisk } from './empty-disk.ts';
import { ephemeral } from './ephemeral.ts';
import { persistentVolumeClaim } from './persistent-volume-claim.ts';
import { registryDisk } from './registry-disk.ts';
import { secret } from './secret.ts';
import type { VolumeContext, VolumeKind, VolumeOutcome } from './volume.ts';

/** All volumes of a machine. What one of them meets never keeps the others from getting ready. */
export interface Volumes {
  /**
   * Prepares all volumes of the spec at the same time. Every volume has an outcome, in the order of the spec; an
   * unforeseen error is the outcome `failed` with reason VolumeError.
   * @throws only the signal's reason, after every volume has come to rest.
   */
  prepareAll(
    machine: VirtualMachine,
    context: Omit<VolumeContext, 'machine'>,
  ): Promise<ReadonlyMap<string, VolumeOutcome>>;
  /** Removes what prepare made for this boot; needs no prepare first. */
  cleanupAll(machine: VirtualMachine, context: Omit<VolumeContext, 'machine'>): Promise<void>;
}

export function createVolumes(config: { readonly images: ImageStore }): Volumes {
  const kinds: readonly VolumeKind[] = [
    registryDisk(config.images),
    cloudInitNoCloud,
    persistentVolumeClaim,
    ephemeral,
    emptyDisk,
    configMap,
    secret,
  ];
  const kindOf = (volume: Volume) => kinds.find((kind) => kind.handles(volume));

  const prepare = async (volume: Volume, context: VolumeContext): Promise<VolumeOutcome> => {
    const kind = kindOf(volume);
    if (kind === undefined) {
      return {
        kind: 'failed',
        reason: 'UnsupportedVolume',
        message: `volume "${volume.name}" is of a kind that this version does not know: choose another, or upgrade this node`,
      };
    }
    try {
      return await kind.prepare(volume, context);
    } catch (error) {
      context.signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      return {
        kind: 'failed',
        reason: 'VolumeError',
        message: `volume "${volume.name}" cannot be prepared on this node: ${why}`,
      };
    }
  };

  return {
    async prepareAll(machine, context) {
      context.signal.throwIfAborted();
      const volumes = machine.spec.volumes ?? [];
      const results = await Promise.allSettled(volumes.map((volume) => prepare(volume, { ...context, machine })));
      context.signal.throwIfAborted();
      const outcomes = new Map<string, VolumeOutcome>();
      for (const [index, result] of results.entries()) {
        if (result.status === 'rejected') throw result.reason;
        outcomes.set(volumes[index]?.name ?? '', result.value);
      }
      return outcomes;
    },
    async cleanupAll(machine, context) {
      for (const volume of machine.spec.volumes ?? []) {
        const kind = kindOf(volume);
        if (kind === undefined) await removeBootFiles(volume.name, context);
        else await kind.cleanup(volume.name, { ...context, machine });
      }
    },
  };
}
