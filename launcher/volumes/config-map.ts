import { removeBootFiles } from './boot-files.ts';
import { prepareKeyFiles } from './key-files.ts';
import type { VolumeKind } from './volume.ts';

/** configMap: the entries of a ConfigMap as files on a CD image. */
export const configMap: VolumeKind = {
  handles: (volume) => volume.configMap !== undefined,
  async prepare(volume, context) {
    const wanted = volume.configMap;
    if (wanted === undefined) throw new Error(`volume ${volume.name} is no configMap`);
    return prepareKeyFiles(
      {
        volumeName: volume.name,
        objectKind: 'ConfigMap',
        objectName: wanted.name,
        optional: wanted.optional === true,
        label: wanted.volumeLabel,
        read: (name) => context.readConfigMap(name),
      },
      context,
    );
  },
  cleanup: removeBootFiles,
};
