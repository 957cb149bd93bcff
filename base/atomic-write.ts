import { randomBytes } from 'node:crypto';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces a file so that a reader, or a machine that loses power, sees either all of the old bytes or all of the new.
 *
 * The bytes are written beside the target, synced, renamed over it, and the directory is synced too: without the last
 * step the rename itself may be lost. The file has `mode` from its first byte on, so a key is never readable meanwhile.
 * On an error the target is untouched and nothing stays beside it.
 */
export async function writeAtomically(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  await replace(path, async (beside) => {
    const file = await open(beside, 'wx', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  });
  await syncDirectory(dirname(path));
}

/**
 * The same without the syncs, for what means nothing after the computer was restarted: a reader still sees all of the old
 * bytes or all of the new, whatever process is killed; only a loss of power may leave an older or an empty file.
 */
export async function replaceFile(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  await replace(path, (beside) => writeFile(beside, data, { mode, flag: 'wx' }));
}

/** Whatever fails, the target is untouched and nothing stays beside it. */
async function replace(path: string, write: (beside: string) => Promise<void>): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await write(beside);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Makes renames, creations and removals in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
