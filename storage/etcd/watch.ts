import { Backoff } from '../../base/backoff.ts';
import type { Logger } from '../../base/log.ts';
import type { WatchBatch } from '../store.ts';
import { WatchAssembly } from './assembly.ts';
import type { EtcdConnections, StreamConnection } from './connections.ts';
import { textOf } from './failures.ts';
import type { Layout } from './layout.ts';
import { WatchStream } from './watch-stream.ts';

/** Read in one step: the store's revision, and that of the newest write of ours. */
export interface Newest {
  readonly revision: bigint;
  readonly ours: bigint;
}

export interface WatchSettings {
  readonly layout: Layout;
  readonly prefix: string;
  readonly after: bigint;
  readonly openDeadlineMs: number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * One watch of the store, over as many streams as it takes.
 *
 * V1  The request always asks from the last revision that was told, inclusive, and drops what is not above it. Inclusive:
 *     etcd refuses a start that was compacted away, but not one equal to the compacted revision, where it may leave
 *     deletions out; asked like this the refusal comes exactly when something may be missing.
 * V2  A stream that breaks is replaced after a pause, for ever; only 'expired', the signal or `stop` end the watch.
 * V3  When a linearizable read found no write of ours above what was told, the watch says so (S11): in an etcd that
 *     others write to as well, their writes move the revision without an event for us.
 */
export class EtcdWatch {
  readonly #connections: EtcdConnections;
  readonly #settings: WatchSettings;
  readonly #assembly: WatchAssembly;
  readonly #pause = new AbortController();
  #stream: WatchStream<Newest> | undefined;
  #newest: Newest | undefined;

  constructor(connections: EtcdConnections, settings: WatchSettings) {
    this.#connections = connections;
    this.#settings = settings;
    this.#assembly = new WatchAssembly(settings.layout, settings.prefix, settings.after);
  }

  /** V3. */
  noteNewest(newest: Newest): void {
    if (newest.revision <= this.#assembly.seen || newest.revision <= (this.#newest?.revision ?? 0n)) return;
    this.#newest = newest;
    this.#stream?.hint(newest);
  }

  stop(): void {
    this.#pause.abort();
    this.#stream?.close();
  }

  async *batches(): AsyncGenerator<WatchBatch> {
    const { log, openDeadlineMs } = this.#settings;
    const backoff = new Backoff({ initialMs: 50, maxMs: 2_000 });
    while (!this.#pause.signal.aborted) {
      // A connection of its own for each stream (V2): the member, and the certificates, may be others than before.
      const connection: StreamConnection = this.#connections.forStream();
      let failed = false;
      try {
        this.#assembly.restart();
        this.#stream = await WatchStream.open<Newest>(connection.client, this.#request(), openDeadlineMs);
        // stop may have come while the stream was being opened, and `next` would wait for ever.
        while (!this.#pause.signal.aborted) {
          const batch = await this.#next(this.#stream);
          backoff.reset();
          if (batch === undefined) continue;
          if (this.#pause.signal.aborted) return;
          yield batch;
          if (batch.kind === 'expired') return;
        }
      } catch (error) {
        if (this.#pause.signal.aborted) return;
        failed = true;
        log.warn(
          { reason: textOf(error), seen: String(this.#assembly.seen) },
          'the watch on etcd broke; opening it again',
        );
      } finally {
        this.#stream?.close();
        this.#stream = undefined;
        connection.end(failed);
      }
      await backoff.wait(this.#pause.signal).catch(() => undefined);
    }
  }

  async #next(stream: WatchStream<Newest>): Promise<WatchBatch | undefined> {
    const progress = this.#caughtUp();
    if (progress !== undefined) return progress;
    const arrival = await stream.take();
    return arrival.kind === 'response' ? this.#assembly.accept(arrival.response) : undefined;
  }

  /** V3: all of ours has been told, so the store's revision has been reached too. */
  #caughtUp(): WatchBatch | undefined {
    const newest = this.#newest;
    if (newest === undefined || this.#assembly.seen < newest.ours) return undefined;
    const progress = this.#assembly.progress(newest.revision);
    if (this.#assembly.seen >= newest.revision) this.#newest = undefined;
    return progress;
  }

  #request() {
    const { seen } = this.#assembly;
    return {
      ...this.#settings.layout.all,
      start_revision: String(seen > 1n ? seen : 1n),
      progress_notify: true,
      prev_kv: true,
      // Large backlogs come in pieces instead of one message of any size (S10).
      fragment: true,
    };
  }
}
