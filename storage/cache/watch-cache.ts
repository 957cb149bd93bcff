import type { Logger } from '../../base/log.ts';
import { checkKey, checkPrefix } from '../keys.ts';
import { type Entry, type Store, type StoreReplaced, StoreUnavailable } from '../store.ts';
import type {
  Cache,
  Codec,
  Freshness,
  GetOutcome,
  Item,
  ListQuery,
  PageOutcome,
  Readiness,
  Scope,
  TooNew,
  WatchFrom,
  WatchOpening,
  WatchOptions,
} from './cache.ts';
import { FanOut } from './fan-out.ts';
import { Feed } from './feed.ts';
import { ItemMaker } from './item.ts';
import { CacheState } from './state.ts';
import { Watcher, type WatchSource } from './watcher.ts';

export interface WatchCacheOptions<T, S> {
  readonly store: Store;
  readonly codec: Codec<T, S>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** How long a read waits for a revision, in milliseconds; 3,000 when absent. */
  readonly patienceMs?: number;
  /** Milliseconds between two proofs of readiness; 5,000 when absent. */
  readonly proofEveryMs?: number;
  /** History for watchers: at most this many events (10,000) … */
  readonly windowEvents?: number;
  /** … and about this many bytes of superseded items (16 MiB), but never fewer than 100 events. */
  readonly windowBytes?: number;
  /** How many parsed objects are kept; 2,000 when absent. */
  readonly parsedObjects?: number;
}

const FALL_THROUGH_SLICE = 500;

/** The watch cache; its invariants C1 to C13 stand with the interface in cache.ts, those of its feeding in feed.ts. */
export class WatchCache<T, S> implements Cache<T, S> {
  readonly #store: Store;
  readonly #maker: ItemMaker<T, S>;
  readonly #fanOut = new FanOut<T, S>();
  readonly #state: CacheState<T, S>;
  readonly #feed: Feed<T, S>;
  readonly #patienceMs: number;
  readonly #source: WatchSource<T, S>;
  /** Ends the waits for the first fill. */
  readonly #waiting = new Set<() => void>();
  #filledOnce = false;
  #lost: StoreReplaced | undefined;
  #closed = false;

  constructor(options: WatchCacheOptions<T, S>) {
    this.#store = options.store;
    this.#patienceMs = options.patienceMs ?? 3_000;
    this.#maker = new ItemMaker(options.codec, options.parsedObjects ?? 2_000, (key, revision, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      options.log.error(
        { key, revision: String(revision), reason },
        'a stored object cannot be read and is not served',
      );
    });
    this.#state = new CacheState(this.#maker, this.#fanOut, {
      maxEvents: options.windowEvents ?? 10_000,
      maxBytes: options.windowBytes ?? 16 * 1024 * 1024,
      minEvents: 100,
      encodedEvents: 256,
      encodedBytes: 4 * 1024 * 1024,
    });
    const state = this.#state;
    const fanOut = this.#fanOut;
    this.#source = {
      get revision() {
        return state.revision;
      },
      window: state.window,
      fellBehind: (watcher) => fanOut.fellBehind(watcher),
      caughtUp: (watcher) => fanOut.caughtUp(watcher),
      leave: (watcher) => fanOut.remove(watcher),
    };
    this.#feed = new Feed({
      store: options.store,
      state,
      maker: this.#maker,
      log: options.log,
      proofEveryMs: options.proofEveryMs ?? 5_000,
      patienceMs: this.#patienceMs,
      onFilled: () => {
        this.#filledOnce = true;
        for (const done of this.#waiting) done();
      },
      onLost: (error) => {
        // C2. Clients that are told 410 give up what they know.
        this.#lost = error;
        fanOut.endAll('resync');
        state.gate.close();
        for (const done of this.#waiting) done();
      },
    });
  }

  /** Begins to fill the cache and to follow the store; `close` ends it. */
  start(): void {
    this.#feed.start();
  }

  get revision(): bigint {
    return this.#state.revision;
  }

  get readiness(): Readiness {
    return this.#feed.readiness;
  }

  /** Open watches, for metrics. */
  get watchers(): number {
    return this.#fanOut.count;
  }

  async synced(signal: AbortSignal): Promise<void> {
    if (!this.#filledOnce && !this.#closed && this.#lost === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          this.#waiting.delete(done);
          resolve();
        };
        this.#waiting.add(done);
        signal.addEventListener('abort', done);
      });
    }
    if (this.#lost !== undefined) throw this.#lost;
    if (!this.#filledOnce) throw new StoreUnavailable(this.#notFilled());
  }

  async get(key: string, freshness: Freshness): Promise<GetOutcome<T, S>> {
    checkKey(key);
    const missed = await this.#fresh(freshness);
    if (missed !== undefined) return missed;
    const item = this.#state.items.get(key);
    const { revision } = this.#state;
    return item === undefined ? { kind: 'absent', revision } : { kind: 'found', item, revision };
  }

  async list(prefix: string, query: ListQuery): Promise<PageOutcome<T, S>> {
    checkPrefix(prefix);
    const { show, after, limit } = query;
    const missed = await this.#fresh(show.kind === 'exactly' ? { kind: 'at-least', revision: show.revision } : show);
    if (missed !== undefined) return missed;
    const revision = show.kind === 'exactly' ? show.revision : this.#state.revision;
    // A page of an older revision is still in memory when nothing below the prefix has changed since (C5).
    if (!this.#state.unchangedSince(prefix, revision)) return this.#listFromStore(prefix, revision, after, limit);
    const { items, remaining } = this.#state.items.range(prefix, after, limit);
    return { kind: 'page', items, revision, more: remaining > 0, remaining };
  }

  async watch(scope: Scope, from: WatchFrom, options: WatchOptions): Promise<WatchOpening<T, S>> {
    if ('key' in scope) checkKey(scope.key);
    else checkPrefix(scope.prefix);
    const missed = await this.#fresh(from.kind === 'after' ? { kind: 'any' } : from.freshness);
    if (missed !== undefined) return missed;
    if (from.kind === 'after' && from.revision < this.#state.window.floor) {
      return { kind: 'expired', oldest: this.#state.window.floor };
    }
    if (this.#closed) throw new StoreUnavailable('the watch cache is closed');
    // No await from here on: the snapshot and the start of the events belong together (C7).
    const revision = from.kind === 'after' ? from.revision : this.#state.revision;
    const items = from.kind === 'state' ? this.#snapshot(scope) : undefined;
    const watcher = new Watcher(this.#source, scope, { revision, items }, options);
    if (options.signal.aborted) this.#fanOut.remove(watcher);
    else this.#fanOut.add(watcher);
    return { kind: 'open', watch: watcher };
  }

  count(prefix: string): number {
    return this.#state.items.count(prefix);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const done of this.#waiting) done();
    this.#fanOut.endAll('closed');
    this.#state.gate.close();
    await this.#feed.close();
  }

  /** Waits until the cache is as fresh as asked for; the outcome when it does not become so. */
  async #fresh(freshness: Freshness): Promise<TooNew | undefined> {
    if (this.#lost !== undefined) throw this.#lost;
    if (!this.#filledOnce) await this.synced(AbortSignal.timeout(this.#patienceMs));
    switch (freshness.kind) {
      case 'any':
        return undefined;
      case 'newest':
        return this.#newest();
      case 'at-least':
        return this.#atLeast(freshness.revision);
      default:
        return freshness satisfies never;
    }
  }

  /** C3. */
  async #newest(): Promise<undefined> {
    const before = this.#state.revision;
    const newest = await this.#store.newestRevision();
    if (newest < before) throw this.#feed.wentBack(newest);
    if (newest <= this.#state.revision || (await this.#state.gate.wait(newest, this.#patienceMs))) return undefined;
    const current = this.#state.revision;
    throw new StoreUnavailable(`the watch cache is at revision ${current} and the store at ${newest}: it lags`);
  }

  /** C4. */
  async #atLeast(wanted: bigint): Promise<TooNew | undefined> {
    if (wanted <= this.#state.revision) return undefined;
    // Reading the newest revision makes the store's watch say how far it is, even when nothing of ours was written (S11).
    this.#store.newestRevision().catch(() => undefined);
    if (await this.#state.gate.wait(wanted, this.#patienceMs)) return undefined;
    return { kind: 'too-new', wanted, current: this.#state.revision };
  }

  #snapshot(scope: Scope): readonly Item<T, S>[] {
    if ('prefix' in scope) return this.#state.items.range(scope.prefix).items;
    const item = this.#state.items.get(scope.key);
    return item === undefined ? [] : [item];
  }

  async #listFromStore(
    prefix: string,
    revision: bigint,
    after: string | undefined,
    limit: number | undefined,
  ): Promise<PageOutcome<T, S>> {
    const page = await this.#store.list(prefix, {
      revision,
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit }),
    });
    if (page.kind === 'expired') return { kind: 'expired', oldest: page.compacted };
    return {
      kind: 'page',
      items: await this.#makeInSlices(page.entries),
      revision,
      more: page.more,
      remaining: page.remaining,
    };
  }

  async #makeInSlices(entries: readonly Entry[]): Promise<Item<T, S>[]> {
    const items: Item<T, S>[] = [];
    for (const [i, entry] of entries.entries()) {
      if (i > 0 && i % FALL_THROUGH_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      const item = this.#maker.make(entry);
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  #notFilled(): string {
    const { readiness } = this.#feed;
    return readiness.ready ? 'the watch cache is closed' : `the watch cache cannot answer: ${readiness.reason}`;
  }
}
