import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { extract } from 'tar-stream';
import { ImageError } from './image-error.ts';
import type { Layer } from './manifest.ts';
import { SparseFile } from './sparse-file.ts';

/**
 * Finds the one disk file in the layers of an image.
 *
 * E1  No name of an archive is ever used as a path here: a name only selects, and what is kept goes to files that we name.
 * E2  Only a regular file is a disk. A link, device, sparse-archive entry or hole map in its place is refused, and so is
 *     any archive with `..` in a name, since its maker wanted something else than an image.
 * E3  Nothing is larger than the limits: neither a file nor what a compressed layer unfolds to.
 * E4  Layers count from the bottom up, with whiteouts: what a later layer deletes or replaces is not in the image.
 */
export interface DiskSearch {
  /** Empty directory for candidates. */
  readonly directory: string;
  /** Name of the image in messages. */
  readonly image: string;
  /** Absolute path in the image; undefined means the one file in /disk. */
  readonly path: string | undefined;
  readonly maxDiskBytes: number;
  readonly signal: AbortSignal;
}

interface TarHeader {
  readonly name: string;
  readonly size?: number | undefined;
  readonly type?: string | null | undefined;
  readonly pax?: Readonly<Record<string, string>>;
}

/** Bytes that layers may hold beside the disk itself. */
export const OTHER_BYTES = 1 << 30;
const MOST_CANDIDATES = 16;

export class DiskFinder {
  readonly #search: DiskSearch;
  /** Name in the image → our file. */
  readonly #found = new Map<string, string>();
  #count = 0;

  constructor(search: DiskSearch) {
    this.#search = search;
  }

  /** Takes in the next layer, bottom first. `bytes` throws at its end when they were not the right ones. */
  async addLayer(bytes: AsyncIterable<Buffer>, compression: Layer['compression']): Promise<void> {
    const { image, signal } = this.#search;
    const unfold = decompression(compression, image);
    const archive = extract();
    const fromBelow = new Set(this.#found.keys());
    const entries = this.#readEntries(archive, fromBelow);
    try {
      const source = Readable.from(bytes, { objectMode: false, highWaterMark: 1 << 20 });
      const stages = [source, ...unfold, this.#limit()];
      // The archive's own iterator reports its errors a second time: both are awaited, the first one is thrown.
      const [piped, read] = await Promise.allSettled([
        pipeline([...stages, archive as unknown as NodeJS.WritableStream], { signal }),
        entries,
      ]);
      signal.throwIfAborted();
      const failures = [piped, read].flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      const named = failures.find((failure) => failure instanceof ImageError) ?? failures[0];
      if (named !== undefined) throw named;
    } catch (error) {
      signal.throwIfAborted();
      throw this.#explain(error);
    }
  }

  /** @returns our file with the disk's bytes. @throws ImageError InvalidImage when there is none or more than one. */
  finish(): string {
    const { image, path } = this.#search;
    const names = [...this.#found.keys()];
    const [only] = this.#found.values();
    if (only !== undefined && names.length === 1) return only;
    const list = names.sort().join(', ');
    throw new ImageError(
      'InvalidImage',
      names.length > 1
        ? `image ${image} has several files in /disk (${list}): name one in the volume's path`
        : path === undefined
          ? `image ${image} has no file in /disk: build it with exactly one qcow2 or raw disk there`
          : `image ${image} has no file ${path}`,
    );
  }

  async #readEntries(archive: ReturnType<typeof extract>, fromBelow: Set<string>): Promise<void> {
    for await (const entry of archive) {
      const header = entry.header as unknown as TarHeader;
      const name = this.#normalize(header.name);
      await this.#applyWhiteout(name, fromBelow);
      if (this.#isWanted(name)) {
        if (header.type === 'directory') await this.#forget(name);
        else await this.#keep(name, header, entry as unknown as AsyncIterable<Buffer>);
      }
      entry.resume();
    }
  }

  #isWanted(name: string): boolean {
    const { path } = this.#search;
    if (path !== undefined) return name === this.#normalize(path);
    return /^disk\/(?!\.wh\.)[^/]+$/.test(name);
  }

  /** @returns the name without leading slash or dot, for comparing only (E1). */
  #normalize(name: string): string {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) {
      const shown = JSON.stringify(name.slice(0, 200));
      throw new ImageError(
        'InvalidImage',
        `image ${this.#search.image} names a file ${shown} that points outside of it`,
      ); // E2
    }
    return parts.join('/');
  }

  async #applyWhiteout(name: string, fromBelow: Set<string>): Promise<void> {
    const match = /^(?:(.*)\/)?\.wh\.([^/]+)$/.exec(name);
    if (match === null) return;
    const [, parent = '', what = ''] = match;
    const gone = what === '.wh..opq' ? parent : parent === '' ? what : `${parent}/${what}`;
    for (const known of fromBelow) {
      if (gone === '' || known === gone || known.startsWith(`${gone}/`)) await this.#forget(known); // E4
    }
  }

  async #forget(name: string): Promise<void> {
    const file = this.#found.get(name);
    this.#found.delete(name);
    if (file !== undefined) await rm(file, { force: true });
  }

  async #keep(name: string, header: TarHeader, content: AsyncIterable<Buffer>): Promise<void> {
    const { image, maxDiskBytes, directory } = this.#search;
    const invalid = (why: string) => new ImageError('InvalidImage', `/${name} in image ${image} ${why}`);
    if (header.type !== 'file' && header.type !== 'contiguous-file') {
      throw invalid(`is a ${header.type ?? 'special'} entry and no regular file`); // E2
    }
    if (Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) {
      throw invalid('is stored as a sparse archive entry: build the image without tar --sparse');
    }
    const size = header.size ?? 0;
    if (size > maxDiskBytes) throw tooLarge(image, `/${name} has ${size} bytes`, maxDiskBytes); // E3
    await this.#forget(name);
    if (this.#count++ >= MOST_CANDIDATES) throw invalid(`is one of more than ${MOST_CANDIDATES} files in /disk`);
    const path = join(directory, `candidate-${this.#count}`);
    const file = await open(path, 'wx', 0o600);
    try {
      const sparse = new SparseFile(file);
      for await (const chunk of content) await sparse.write(chunk);
      await sparse.finish();
      if (sparse.length !== size) throw invalid('ends early');
    } finally {
      await file.close();
    }
    this.#found.set(name, path);
  }

  #limit(): Transform {
    const { maxDiskBytes, image } = this.#search;
    let total = 0;
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        total += chunk.length;
        if (total > maxDiskBytes + OTHER_BYTES)
          done(tooLarge(image, 'a layer unfolds to more', maxDiskBytes + OTHER_BYTES));
        else done(null, chunk);
      },
    });
  }

  #explain(error: unknown): unknown {
    if (error instanceof ImageError || !(error instanceof Error)) return error;
    const code = 'code' in error ? String(error.code) : '';
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      return new ImageError(
        'NodeDiskFull',
        `no room on this node to unpack image ${this.#search.image}: free disk space`,
      );
    }
    if (code.startsWith('E') && 'syscall' in error) {
      return new ImageError('ImageCacheFailed', `image ${this.#search.image} cannot be unpacked: ${error.message}`, {
        cause: error,
      });
    }
    return new ImageError(
      'InvalidImage',
      `a layer of image ${this.#search.image} is no readable archive (${error.message})`,
      {
        cause: error,
      },
    );
  }
}

function tooLarge(image: string, what: string, limit: number): ImageError {
  return new ImageError('ImageTooLarge', `image ${image}: ${what}, above this node's limit of ${limit} bytes`);
}

function decompression(compression: Layer['compression'], image: string): Transform[] {
  switch (compression) {
    case 'none':
      return [];
    case 'gzip':
      return [zlib.createGunzip({ chunkSize: 1 << 18 })];
    case 'zstd': {
      const create = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
      if (create !== undefined) return [create()];
      throw new ImageError(
        'InvalidImage',
        `image ${image} has a zstd layer, which this node's Node.js ${process.version} cannot read: push it with gzip or uncompressed`,
      );
    }
    default:
      return compression satisfies never;
  }
}
