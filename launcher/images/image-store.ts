import { createHash } from 'node:crypto';
import { sleep } from '../../base/backoff.ts';
import { type CachedDisk, ImageCache } from './cache.ts';
import { type Credentials, credentialsFor, fingerprint, type PullSecret } from './credentials.ts';
import { createTransport, type TransportOptions } from './http.ts';
import { ImageError } from './image-error.ts';
import { pullImage } from './pull.ts';
import { formatReference, type ImageReference, parseReference } from './reference.ts';
import { openRepository, type Repository } from './registry.ts';
import { SharedWork } from './shared-work.ts';

/**
 * The disk images of a node: pulled once, shared by all machines.
 *
 * S1  Whatever a tag meant, a disk is found by the digest of its manifest (and by the path in the image, if one is
 *     named). However many machines want it at once, it is downloaded once.
 * S2  A cached image is handed out without asking the registry only to those with whose credentials it was pulled, or
 *     to all when it needed none. Anybody else must be let in by the registry first.
 * S3  An image is not collected while `use` runs, nor while a machine holds a hard link to it.
 */
export interface ImageStore {
  /**
   * Makes the image present and calls `use` with it; `use` links or copies the file and keeps no path to it.
   * @throws ImageError with a reason and a message for people; the signal's reason when aborted.
   */
  withImage<T>(request: ImageRequest, caller: Caller, use: (disk: CachedDisk) => Promise<T>): Promise<T>;
  /** What is here, for Host.status.images. */
  list(): Promise<readonly { readonly names: readonly string[]; readonly sizeBytes: number }[]>;
  /** Removes the least recently used images until the cache fits its limit. @returns bytes freed. */
  collect(): Promise<number>;
  close(): Promise<void>;
}

export interface ImageRequest {
  readonly image: string;
  /** Default as in Kubernetes: Always for the tag latest, else IfNotPresent. */
  readonly pullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  /** Absolute path of the disk in the image. */
  readonly path?: string | undefined;
  readonly secret?: { readonly name: string; readonly data: PullSecret } | undefined;
}

export interface Caller {
  readonly signal: AbortSignal;
  readonly progress: (message: string) => void;
}

export interface ImageStoreConfig extends TransportOptions {
  /** On the same filesystem as the machines' boot directories, so that hard links work. */
  readonly directory: string;
  /** Bytes of disk that the cache may take before unused images are removed; default 64 GiB. */
  readonly maxCacheBytes?: number;
  /** Bytes that one disk, and one download, may have; default 128 GiB. */
  readonly maxDiskBytes?: number;
  /** Bytes of the filesystem that pulls leave free; default 1 GiB. */
  readonly reservedBytes?: number;
  readonly concurrentPulls?: number;
}

const GIB = 2 ** 30;
const MOST_ACCESS_RECORDS = 32;

export async function createImageStore(config: ImageStoreConfig): Promise<ImageStore> {
  const { maxCacheBytes = 64 * GIB, maxDiskBytes = 128 * GIB, reservedBytes = GIB } = config;
  const cache = new ImageCache(config.directory);
  await cache.open();
  const transport = createTransport(config);
  const pulls = new SharedWork<CachedDisk>(config.concurrentPulls ?? 3);
  const pinned = new Map<string, number>();

  const pin = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    pinned.set(key, (pinned.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (pinned.get(key) ?? 1) - 1;
      if (left === 0) pinned.delete(key);
      else pinned.set(key, left);
    }
  };

  /** Removes unused images, oldest first, until `wanted` bytes are freed. */
  const free = async (wanted: number): Promise<number> => {
    const entries = await cache.entries();
    entries.sort((a, b) => a.lastUsed - b.lastUsed);
    let freed = 0;
    for (const entry of entries) {
      if (freed >= wanted) break;
      if (entry.inUse || pinned.has(entry.key)) continue; // S3
      await cache.remove(entry.key);
      freed += entry.bytes;
    }
    if (freed > 0) await forgetRemoved(cache);
    return freed;
  };

  const collect = async () => {
    const total = (await cache.entries()).reduce((sum, entry) => sum + entry.bytes, 0);
    return total > maxCacheBytes ? free(total - maxCacheBytes * 0.8) : 0;
  };

  const requireRoom = async (image: string, bytes: number) => {
    const missing = bytes + reservedBytes - (await cache.available());
    if (missing <= 0 || (await free(missing)) >= missing) return;
    throw new ImageError(
      'NodeDiskFull',
      `no room on this node for image ${image}: it needs ${bytes} bytes; free disk space`,
    );
  };

  const askRegistry = async (
    reference: ImageReference,
    credentials: Credentials | undefined,
    request: ImageRequest,
    caller: Caller,
  ) => {
    const repository = openRepository(transport, reference, credentials);
    const resolved = await resolveWithPatience(repository, caller, formatReference(reference));
    const key = cacheKey(resolved.digest, request.path);
    const who = repository.neededCredentials ? fingerprint(credentials) : fingerprint(undefined);
    await admit(cache, reference, resolved.digest, who);
    return { key, repository, resolved };
  };

  return {
    async withImage(request, caller, use) {
      const reference = parseReference(request.image);
      const credentials = request.secret
        ? credentialsFor(reference, request.secret.data, request.secret.name)
        : undefined;
      const policy =
        request.pullPolicy ?? (reference.tag === 'latest' && !reference.digest ? 'Always' : 'IfNotPresent');
      const handOver = async (disk: CachedDisk) => {
        await cache.touch(disk.key);
        return use(disk);
      };
      if (policy !== 'Always') {
        const known = await cache.recall(referenceName(reference));
        if (known !== undefined && mayUse(known.access, credentials)) {
          const key = cacheKey(known.digest, request.path);
          const found = await pin(key, async () => {
            const disk = await cache.find(key);
            return disk && { result: await handOver(disk) };
          });
          if (found !== undefined) return found.result;
        }
        if (policy === 'Never') {
          throw new ImageError(
            'ImageNotFound',
            `image ${formatReference(reference)} is not on this node and imagePullPolicy is Never: set IfNotPresent, or start a machine with it once`,
          );
        }
      }
      const { key, repository, resolved } = await askRegistry(reference, credentials, request, caller);
      return pin(key, async () => {
        const present = await cache.find(key);
        if (present !== undefined) return handOver(present);
        const disk = await pulls.join(key, caller, async (signal, progress) => {
          const again = await cache.find(key);
          if (again !== undefined) return again;
          const image = formatReference(reference);
          progress(`pulling image ${image}`);
          await requireRoom(
            image,
            resolved.manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
          );
          const { path } = request;
          const pulled = await pullImage({
            cache,
            key,
            reference,
            repository,
            resolved,
            path,
            maxDiskBytes,
            signal,
            progress,
          });
          await collect();
          return pulled;
        });
        return handOver(disk);
      });
    },
    async list() {
      const [entries, references] = await Promise.all([cache.entries(), cache.references()]);
      return entries.map((entry) => ({
        names: references
          .filter(({ remembered }) => entry.key.startsWith(cacheKey(remembered.digest, undefined)))
          .map(({ remembered }) => remembered.reference)
          .sort(),
        sizeBytes: entry.bytes,
      }));
    },
    collect,
    async close() {
      await pulls.close();
      transport.close();
    },
  };
}

function cacheKey(digest: string, path: string | undefined): string {
  const key = digest.replace(':', '-');
  return path === undefined ? key : `${key}+${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
}

function referenceName(reference: ImageReference): string {
  return createHash('sha256').update(formatReference(reference)).digest('hex');
}

function mayUse(access: readonly string[], credentials: Credentials | undefined): boolean {
  return access.includes(fingerprint(undefined)) || access.includes(fingerprint(credentials)); // S2
}

/** Writes down what the name means now and that its bearer was let in. */
async function admit(cache: ImageCache, reference: ImageReference, digest: string, who: string): Promise<void> {
  const name = referenceName(reference);
  const before = await cache.recall(name);
  const others = before?.digest === digest ? before.access.filter((entry) => entry !== who) : [];
  if (before?.digest === digest && before.access.includes(who)) return;
  await cache.remember(name, {
    reference: formatReference(reference),
    digest,
    access: [who, ...others].slice(0, MOST_ACCESS_RECORDS),
  });
}

async function forgetRemoved(cache: ImageCache): Promise<void> {
  const present = new Set((await cache.entries()).map((entry) => entry.key.slice(0, 'sha256-'.length + 64)));
  for (const { name, remembered } of await cache.references()) {
    if (!present.has(cacheKey(remembered.digest, undefined))) await cache.forget(name);
  }
}

/** The manifest is small: one hiccup of the registry should not cost the machine's back-off. */
async function resolveWithPatience(repository: Repository, { signal, progress }: Caller, image: string) {
  for (let attempt = 1; ; attempt++) {
    progress(`asking the registry for image ${image}`);
    try {
      return await repository.resolve(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ImageError) || !error.transient || attempt >= 3) throw error;
      progress(`${error.message}; trying again`);
      await sleep(200 * attempt, signal);
    }
  }
}
