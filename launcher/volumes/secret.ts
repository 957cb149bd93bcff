import { removeBootFiles } from './boot-files.ts';
import { prepareKeyFiles } from './key-files.ts';
import type { VolumeKind } from './volume.ts';

/** secret: the entries of a Secret as files on a CD image. */
export const secret: VolumeKind = {
  handles: (volume) => volume.secret !== undefined,
  async prepare(volume, context) {
    const wanted = volume.secret;
    if (wanted === undefined) throw new Error(`volume ${volume.name} is no secret`);
    return prepareKeyFiles(
      {
        volumeName: volume.name,
        objectKind: 'Secret',
        objectName: wanted.secretName,
        optional: wanted.optional === true,
        label: wanted.volumeLabel,
        read: (name) => context.readSecret(name),
      },
      context,
    );
  },
  cleanup: removeBootFiles,
};
