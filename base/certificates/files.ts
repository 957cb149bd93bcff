/**
 * Files that appear whole or not at all.
 *
 * F1  A reader never sees half a file: content is written under another name in the same directory, synced, then put in place.
 * F2  createFile never replaces: of several processes that race, one wins and all read what the winner wrote.
 * F3  No temporary file stays behind, whatever fails.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

async function writeBeside(path: string, content: string, mode: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}

/** Writes `path` unless it exists, and returns what stands there afterwards (F2). */
export async function createFile(path: string, content: string, mode: number): Promise<string> {
  const temporary = await writeBeside(path, content, mode);
  try {
    await link(temporary, path);
    return content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return await readFile(path, 'utf8');
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/** Writes `path`, in place of whatever stood there. */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const temporary = await writeBeside(path, content, mode);
  try {
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** The file's text, or undefined when there is none. */
export async function readFileIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
