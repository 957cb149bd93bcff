import { isReady } from './ready-file.ts';
import { seedPath, seedReady, writeSeed } from './seed-image.ts';
import type { VolumeContext, VolumeOutcome } from './volume.ts';

/** What configMap and secret volumes have in common: the keys of an object as files, as they are when the machine starts. */
export interface KeyFilesSource {
  readonly volumeName: string;
  readonly objectKind: 'ConfigMap' | 'Secret';
  readonly objectName: string;
  readonly optional: boolean;
  readonly label: string | undefined;
  readonly read: (name: string) => Promise<ReadonlyMap<string, Buffer> | undefined>;
}

/** KubeVirt's label for such disks. */
const DEFAULT_LABEL = 'cfgdata';

export async function prepareKeyFiles(source: KeyFilesSource, context: VolumeContext): Promise<VolumeOutcome> {
  const path = seedPath(source.volumeName, context);
  if (await isReady(path)) return seedReady(path);
  const keys = await source.read(source.objectName);
  if (keys === undefined && !source.optional) {
    return {
      kind: 'waiting',
      reason: `${source.objectKind}NotFound`,
      message: `volume "${source.volumeName}" waits for ${source.objectKind} "${source.objectName}": create it, or set optional`,
    };
  }
  return writeSeed(path, source.label ?? DEFAULT_LABEL, keys ?? new Map(), context);
}
