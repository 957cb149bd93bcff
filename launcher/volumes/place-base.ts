import { chmod, constants, copyFile, link, rename, rm } from 'node:fs/promises';

/**
 * Puts a cached image, read-only and owned by root, into the boot directory: a hard link, or on another filesystem a
 * reflink or copy. Complete under its name or not at all.
 */
export async function placeBase(image: string, target: string): Promise<void> {
  const beside = `${target}.new`;
  await rm(beside, { force: true });
  try {
    await link(image, beside);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error;
    await copyFile(image, beside, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await chmod(beside, 0o444);
  }
  await rename(beside, target);
  // Renaming one link of a file over another of the same file does nothing at all and leaves both.
  await rm(beside, { force: true });
}
