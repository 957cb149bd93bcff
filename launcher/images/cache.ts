import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeAtomically } from '../../base/atomic-write.ts';
import { type DiskFormat, detectDiskFormat } from './disk-format.ts';

/**
 * The images of a node, on disk.
 *
 * C1  `<key>/disk.{raw,qcow2}` is complete, verified, owned by root, mode 0444 and never written again. It comes into
 *     being by one rename of its directory after everything in it is synced.
 * C2  What is not finished lies under `partial/` and is removed when the process starts; one process owns the directory.
 * C3  A machine uses an image through a hard link: an image with more than one link is in use, whoever holds the other
 *     and whether or not this process has restarted since. Such an image is not collected, since that would free nothing.
 * C4  `references/` remembers what a name meant, and who was let in to it. Losing it costs a request to the registry.
 */
export interface CachedDisk extends DiskFormat {
  readonly key: string;
  readonly path: string;
}

export interface CachedEntry {
  readonly key: string;
  /** Bytes allocated on the disk. */
  readonly bytes: number;
  readonly lastUsed: number;
  readonly inUse: boolean;
}

/** What a name meant when the registry was last asked. */
export interface RememberedReference {
  readonly reference: string;
  /** Digest of the manifest. */
  readonly digest: string;
  /** Fingerprints of the credentials with which it was pulled. */
  readonly access: readonly string[];
}

const FORMATS = ['qcow2', 'raw'] as const;
const KEY = /^sha256-[a-f0-9]{64}(?:\+[a-f0-9]{16})?$/;

export class ImageCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes the directories and removes what an earlier process left unfinished (C2). */
  async open(): Promise<void> {
    await rm(join(this.#directory, 'partial'), { recursive: true, force: true });
    await mkdir(join(this.#directory, 'partial'), { recursive: true, mode: 0o700 });
    await mkdir(join(this.#directory, 'references'), { recursive: true, mode: 0o700 });
  }

  async find(key: string): Promise<CachedDisk | undefined> {
    for (const format of FORMATS) {
      const path = join(this.#directory, key, `disk.${format}`);
      const file = await open(path, 'r').catch(absent);
      if (file === undefined) continue;
      try {
        return { key, path, ...(await detectDiskFormat(file, path)) };
      } finally {
        await file.close();
      }
    }
    return undefined;
  }

  /** A new directory under partial/, on the same filesystem as the final place. */
  async makePartial(): Promise<string> {
    return mkdtemp(join(this.#directory, 'partial', 'pull-'));
  }

  /** Moves a finished disk, already synced and with its final mode, to its place (C1). */
  async publish(key: string, partial: string, diskPath: string, format: DiskFormat): Promise<CachedDisk> {
    const complete = join(partial, 'complete');
    await mkdir(complete, { mode: 0o755 });
    await rename(diskPath, join(complete, `disk.${format.format}`));
    await syncDirectory(complete);
    const final = join(this.#directory, key);
    await rm(final, { recursive: true, force: true }); // only ever a directory without a readable disk
    await rename(complete, final);
    await syncDirectory(this.#directory);
    return { key, path: join(final, `disk.${format.format}`), ...format };
  }

  /** Notes that an image was used just now, for the order of collection. */
  async touch(key: string): Promise<void> {
    const now = new Date();
    await utimes(join(this.#directory, key), now, now).catch(absent);
  }

  async entries(): Promise<CachedEntry[]> {
    const names = (await readdir(this.#directory)).filter((name) => KEY.test(name));
    const entries = await Promise.all(
      names.map(async (key): Promise<CachedEntry | undefined> => {
        const directory = await stat(join(this.#directory, key)).catch(absent);
        if (directory === undefined) return undefined;
        const files = await Promise.all(
          FORMATS.map((format) => stat(join(this.#directory, key, `disk.${format}`)).catch(absent)),
        );
        const disk = files.find((file) => file !== undefined);
        return {
          key,
          bytes: (disk?.blocks ?? 0) * 512,
          lastUsed: directory.mtimeMs,
          inUse: disk !== undefined && disk.nlink > 1, // C3
        };
      }),
    );
    return entries.filter((entry) => entry !== undefined);
  }

  /** Removes an image; a reader that has it open or linked keeps its bytes. */
  async remove(key: string): Promise<void> {
    const trash = await this.makePartial();
    await rename(join(this.#directory, key), join(trash, 'removed')).catch(absent);
    await rm(trash, { recursive: true, force: true });
  }

  /** Bytes that may still be written on the cache's filesystem. */
  async available(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#directory);
    return bavail * bsize;
  }

  async recall(name: string): Promise<RememberedReference | undefined> {
    const text = await readFile(this.#referencePath(name), 'utf8').catch(absent);
    if (text === undefined) return undefined;
    try {
      const parsed = JSON.parse(text);
      const isSound = /^sha256:[a-f0-9]{64}$/.test(parsed.digest) && Array.isArray(parsed.access);
      return isSound && typeof parsed.reference === 'string' ? parsed : undefined;
    } catch {
      return undefined; // C4
    }
  }

  async remember(name: string, remembered: RememberedReference): Promise<void> {
    await writeAtomically(this.#referencePath(name), JSON.stringify(remembered), 0o600);
  }

  async references(): Promise<{ name: string; remembered: RememberedReference }[]> {
    const files = await readdir(join(this.#directory, 'references'));
    const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
    const all = await Promise.all(names.map(async (name) => ({ name, remembered: await this.recall(name) })));
    return all.flatMap(({ name, remembered }) => (remembered === undefined ? [] : [{ name, remembered }]));
  }

  async forget(name: string): Promise<void> {
    await rm(this.#referencePath(name), { force: true });
  }

  #referencePath(name: string): string {
    return join(this.#directory, 'references', `${name}.json`);
  }
}

/** A file that is not there is an answer; any other failure is thrown. */
function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined;
  throw error;
}
