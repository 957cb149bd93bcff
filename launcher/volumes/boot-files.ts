import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeContext } from './volume.ts';

/**
 * Names of a volume's files in the boot directory: `<volume>.<part>`, while they are written `<volume>.<part>.new`.
 * A volume's name is a DNS label, so it holds no dot and no slash; that is checked again here, since it becomes a path.
 */
export function bootFile(context: Pick<VolumeContext, 'bootDirectory'>, volumeName: string, part: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(volumeName)) {
    throw new Error(`volume name ${JSON.stringify(volumeName)} is no DNS label`);
  }
  return join(context.bootDirectory, `${volumeName}.${part}`);
}

/** Removes all files of a volume in the boot directory (V4). */
export async function removeBootFiles(
  volumeName: string,
  context: Pick<VolumeContext, 'bootDirectory'>,
): Promise<void> {
  const prefix = bootFile(context, volumeName, '').slice(context.bootDirectory.length + 1);
  const names = await readdir(context.bootDirectory).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    await rm(join(context.bootDirectory, name), { force: true });
  }
}
