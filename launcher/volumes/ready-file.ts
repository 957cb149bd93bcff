import { lstat } from 'node:fs/promises';

/** True when a regular file stands there under its final name: then an earlier prepare of this boot finished it (V1, V2). */
export async function isReady(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
