import { open, rm } from 'node:fs/promises';
import { readBlob } from './blob.ts';
import type { CachedDisk, ImageCache } from './cache.ts';
import { detectDiskFormat } from './disk-format.ts';
import { ImageError } from './image-error.ts';
import { DiskFinder, OTHER_BYTES } from './layer.ts';
import { inspectQcow2 } from './qemu-img-info.ts';
import { formatReference, type ImageReference } from './reference.ts';
import type { Repository, ResolvedImage } from './registry.ts';

/** One download of one image into the cache: layers, the disk in them, the look at it, and publication. */
export interface Pull {
  readonly cache: ImageCache;
  readonly key: string;
  readonly reference: ImageReference;
  readonly repository: Repository;
  readonly resolved: ResolvedImage;
  readonly path: string | undefined;
  readonly maxDiskBytes: number;
  readonly signal: AbortSignal;
  readonly progress: (message: string) => void;
}

const MIB = 1 << 20;
/** Milliseconds between two messages about one download. */
const PROGRESS_INTERVAL = 500;

export async function pullImage(pull: Pull): Promise<CachedDisk> {
  const { cache, resolved, reference, signal } = pull;
  const image = formatReference(reference);
  const total = resolved.manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (total > pull.maxDiskBytes + OTHER_BYTES) {
    throw new ImageError(
      'ImageTooLarge',
      `image ${image} has ${total} bytes, above this node's limit of ${pull.maxDiskBytes}`,
    );
  }
  const partial = await cache.makePartial();
  try {
    const finder = new DiskFinder({
      directory: partial,
      image,
      path: pull.path,
      maxDiskBytes: pull.maxDiskBytes,
      signal,
    });
    const progressed = reporter(pull.progress, image, total);
    let before = 0;
    for (const layer of resolved.manifest.layers) {
      const bytes = readBlob(pull.repository, layer, {
        signal,
        registry: reference.domain,
        progressed: (done) => progressed(before + done),
      });
      await finder.addLayer(bytes, layer.compression);
      before += layer.size;
    }
    const diskPath = finder.finish();
    const format = await examine(diskPath, `image ${image}`, signal);
    return await cache.publish(pull.key, partial, diskPath, format);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Looks at the disk, gives it its final mode and syncs it. */
async function examine(diskPath: string, what: string, signal: AbortSignal) {
  const file = await open(diskPath, 'r+');
  try {
    const format = await detectDiskFormat(file, what);
    await file.chmod(0o444);
    if (format.format === 'qcow2') {
      const readOnly = await open(diskPath, 'r');
      try {
        await inspectQcow2(readOnly, what, signal);
      } finally {
        await readOnly.close();
      }
    }
    await file.sync();
    return format;
  } finally {
    await file.close();
  }
}

function reporter(progress: (message: string) => void, image: string, total: number): (done: number) => void {
  let last = 0;
  return (done) => {
    const now = Date.now();
    if (now - last < PROGRESS_INTERVAL) return;
    last = now;
    progress(`pulling image ${image}: ${Math.floor(done / MIB)} of ${Math.ceil(total / MIB)} MiB`);
  };
}
