import { open, rename, rm } from 'node:fs/promises';
import { bootFile } from './boot-files.ts';
import { buildIso } from './iso/image.ts';
import type { VolumeContext, VolumeOutcome } from './volume.ts';

/** Where a volume's image of files stands in the boot directory. */
export function seedPath(volumeName: string, context: VolumeContext): string {
  return bootFile(context, volumeName, 'iso');
}

export function seedReady(path: string): VolumeOutcome {
  return { kind: 'ready', source: { kind: 'file', format: 'raw', path, readOnly: true } };
}

/** Writes an image of files that only QEMU's user can read, since what is in it may be secret. */
export async function writeSeed(
  path: string,
  label: string,
  files: ReadonlyMap<string, Buffer>,
  context: VolumeContext,
): Promise<VolumeOutcome> {
  const bytes = buildIso({ label, files, date: new Date() });
  await rm(`${path}.new`, { force: true });
  const file = await open(`${path}.new`, 'wx', 0o400);
  try {
    await file.writeFile(bytes);
    await file.chown(context.uid, context.gid);
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  return seedReady(path);
}
