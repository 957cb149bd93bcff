import { createHash } from 'node:crypto';
import { sleep } from '../../base/backoff.ts';
import { ImageError } from './image-error.ts';
import type { Layer } from './manifest.ts';
import type { Repository } from './registry.ts';

/**
 * The bytes of one blob, verified.
 *
 * L1  Exactly `size` bytes are yielded, and the generator ends without an error only when their digest is the one named.
 *     Who uses bytes before the end must throw them away when an error comes.
 * L2  A connection that breaks is taken up again where it stopped (Range), or from the start when the registry cannot,
 *     skipping what was yielded. After `attempts` breaks in a row without progress, or MOST_BREAKS in all, it is final.
 * L3  A registry that trickles is as good as down: below `slowest` bytes per second over a window, it is an error.
 */
export interface BlobOptions {
  readonly signal: AbortSignal;
  readonly registry: string;
  /** Called with the bytes so far; as often as chunks arrive. */
  readonly progressed?: (bytes: number) => void;
  readonly attempts?: number;
  /** Milliseconds before the first new attempt; doubled each time. */
  readonly firstDelay?: number;
  /** Bytes per second, judged every `window` milliseconds. */
  readonly slowest?: number;
  readonly window?: number;
}

const MOST_BREAKS = 32;

export async function* readBlob(repository: Repository, blob: Layer, options: BlobOptions): AsyncGenerator<Buffer> {
  const { signal, attempts = 4, firstDelay = 250 } = options;
  const hash = createHash('sha256');
  let done = 0;
  for (let failures = 0, breaks = 0; done < blob.size; breaks++) {
    const before = done;
    try {
      for await (const chunk of readOnce(repository, blob, done, options)) {
        hash.update(chunk);
        done += chunk.length;
        options.progressed?.(done);
        yield chunk;
      }
      if (done < blob.size)
        throw new ImageError('RegistryUnavailable', endedEarly(options, blob, done), { transient: true });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ImageError) || !error.transient) throw error;
      failures = done > before ? 1 : failures + 1;
      if (failures >= attempts || breaks >= MOST_BREAKS) throw error; // L2
      await sleep(firstDelay * 2 ** (failures - 1), signal);
    }
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== blob.digest) {
    throw new ImageError(
      'DigestMismatch',
      `registry ${options.registry} gives bytes for layer ${blob.digest} whose digest is ${digest}; the registry or what lies between is broken`,
    );
  }
}

function endedEarly(options: BlobOptions, blob: Layer, done: number): string {
  return `registry ${options.registry} ends layer ${blob.digest} after ${done} of ${blob.size} bytes`;
}

async function* readOnce(
  repository: Repository,
  blob: Layer,
  offset: number,
  options: BlobOptions,
): AsyncGenerator<Buffer> {
  const { signal, slowest = 1024, window = 60_000 } = options;
  const answer = await repository.openBlob(blob.digest, offset, signal);
  let skip = answer.statusCode === 206 ? 0 : offset;
  if (answer.statusCode === 206 && !startsAt(answer.headers['content-range'], offset)) {
    answer.destroy();
    throw new ImageError(
      'RegistryUnavailable',
      `registry ${options.registry} answers another range than the one asked for`,
    );
  }
  let received = 0;
  let windowStart = Date.now();
  let inWindow = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      inWindow += chunk.length;
      const elapsed = Date.now() - windowStart;
      if (elapsed >= window) {
        if (inWindow < (slowest * elapsed) / 1000) {
          const rate = Math.round((inWindow * 1000) / elapsed);
          throw new ImageError('RegistryUnavailable', `registry ${options.registry} sends only ${rate} bytes a second`); // L3
        }
        windowStart = Date.now();
        inWindow = 0;
      }
      const useful = skip >= chunk.length ? undefined : chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
      if (useful === undefined) continue;
      received += useful.length;
      if (offset + received > blob.size) {
        throw new ImageError(
          'DigestMismatch',
          `registry ${options.registry} sends more than the ${blob.size} bytes of layer ${blob.digest}`,
        );
      }
      const handedOut = Date.now();
      yield useful;
      windowStart += Date.now() - handedOut; // the consumer's time is not the registry's slowness
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ImageError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ImageError('RegistryUnavailable', `${endedEarly(options, blob, offset + received)}: ${why}`, {
      transient: true,
      cause: error,
    });
  } finally {
    answer.destroy();
  }
}

function startsAt(contentRange: string | undefined, offset: number): boolean {
  const match = /^bytes (\d+)-/.exec(contentRange ?? '');
  return match !== null && Number(match[1]) === offset;
}
