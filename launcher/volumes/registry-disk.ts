import type { Volume } from '../../openapi/api.ts';
import { ImageError } from '../images/image-error.ts';
import type { ImageStore } from '../images/image-store.ts';
import { bootFile, removeBootFiles } from './boot-files.ts';
import { placeBase } from './place-base.ts';
import { writeOverlay } from './qcow2/overlay.ts';
import { isReady } from './ready-file.ts';
import type { DiskSource, VolumeKind, VolumeOutcome } from './volume.ts';

/**
 * registryDisk, and containerDisk, which is the same under KubeVirt's name: a disk from an OCI image, read-only and shared
 * through the node's cache, with an overlay per boot on top.
 *
 * R1  Within one boot the image is settled once: when overlay and base are there, no registry is asked again, even if
 *     the tag has moved since.
 */
export function registryDisk(images: ImageStore): VolumeKind {
  const source = (volume: Volume) => volume.registryDisk ?? volume.containerDisk;
  return {
    handles: (volume) => source(volume) !== undefined,
    async prepare(volume, context) {
      const wanted = source(volume);
      if (wanted === undefined) throw new Error(`volume ${volume.name} is no registryDisk`);
      const overlay = bootFile(context, volume.name, 'overlay.qcow2');
      const bases = {
        qcow2: bootFile(context, volume.name, 'base.qcow2'),
        raw: bootFile(context, volume.name, 'base.raw'),
      };
      const finished = async (format: 'qcow2' | 'raw') => (await isReady(overlay)) && (await isReady(bases[format]));
      if (await finished('qcow2')) return ready(overlay, bases.qcow2, 'qcow2'); // R1
      if (await finished('raw')) return ready(overlay, bases.raw, 'raw');

      let secret: { name: string; data: ReadonlyMap<string, Buffer> } | undefined;
      if (wanted.imagePullSecret !== undefined) {
        const data = await context.readSecret(wanted.imagePullSecret);
        if (data === undefined) return missingSecret(wanted.imagePullSecret, volume.name);
        secret = { name: wanted.imagePullSecret, data };
      }
      const request = { image: wanted.image, pullPolicy: wanted.imagePullPolicy, path: wanted.path, secret };
      const caller = {
        signal: context.signal,
        progress: (message: string) => context.progress(volume.name, message),
      };
      try {
        return await images.withImage(request, caller, async (disk) => {
          const base = bases[disk.format];
          await placeBase(disk.path, base);
          await writeOverlay(
            overlay,
            {
              virtualSize: disk.virtualSize,
              backing: { path: `${volume.name}.base.${disk.format}`, format: disk.format },
            },
            context,
          );
          return ready(overlay, base, disk.format);
        });
      } catch (error) {
        if (error instanceof ImageError) return { kind: 'failed', reason: error.reason, message: error.message };
        throw error;
      }
    },
    cleanup: removeBootFiles,
  };
}

function ready(overlay: string, base: string, format: 'qcow2' | 'raw'): VolumeOutcome {
  const backing: DiskSource =
    format === 'raw'
      ? { kind: 'file', format, path: base, readOnly: true }
      : { kind: 'file', format, path: base, readOnly: true, backing: undefined };
  return { kind: 'ready', source: { kind: 'file', format: 'qcow2', path: overlay, readOnly: false, backing } };
}

function missingSecret(name: string, volumeName: string): VolumeOutcome {
  return {
    kind: 'waiting',
    reason: 'SecretNotFound',
    message: `volume "${volumeName}" waits for its pull secret: create Secret "${name}" in the machine's namespace`,
  };
}
