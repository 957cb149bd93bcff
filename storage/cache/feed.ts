import { Backoff } from '../../base/backoff.ts';
import type { Logger } from '../../base/log.ts';
import { type Store, type StoreEvent, StoreReplaced } from '../store.ts';
import type { Readiness } from './cache.ts';
import type { ItemMaker } from './item.ts';
import { SortedItems } from './sorted-items.ts';
import { type CacheState, revisionOf } from './state.ts';

export interface FeedOptions<T, S> {
  readonly store: Store;
  readonly state: CacheState<T, S>;
  readonly maker: ItemMaker<T, S>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Milliseconds between two proofs that the cache is level with the store (F4). */
  readonly proofEveryMs: number;
  /** Milliseconds that the cache may lag behind the store in a proof. */
  readonly patienceMs: number;
  /** Called after each fill. */
  readonly onFilled: () => void;
  /** Called once, when the store is not the one any more that was followed (F6). */
  readonly onLost: (error: StoreReplaced) => void;
}

const PAGE = 500;
/** One slice of a batch stays below both, so that the event loop is never held long and readers get their turn. */
const SLICE_EVENTS = 250;
const SLICE_BYTES = 2 * 1024 * 1024;
/** After this many failed proofs while the store answers, the watch is opened anew. */
const STUCK_PROOFS = 3;

/**
 * Keeps a cache's state equal to the store's.
 *
 * F1  The state is filled with one consistent list, then follows one watch over the whole store from that revision.
 * F2  A watch that ends or fails is opened again where it stopped; the state is filled anew only when the store no longer
 *     has that revision.
 * F3  Filling reads pages and replaces the state in one step; until then the old state stands.
 * F4  Every `proofEveryMs` the newest revision is read and must be reached: only that makes the cache ready (C12).
 * F5  close ends every wait, timer and watch.
 * F6  When the store has gone back or is another one, following it ends for good (C2).
 */
export class Feed<T, S> {
  readonly #options: FeedOptions<T, S>;
  readonly #closing = new AbortController();
  #restart = new AbortController();
  #mustFill = true;
  #readiness: Readiness = { ready: false, reason: 'the watch cache has not been filled from the store yet' };
  #stuckProofs = 0;
  #running: Promise<unknown> | undefined;

  constructor(options: FeedOptions<T, S>) {
    this.#options = options;
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  start(): void {
    this.#running ??= Promise.all([this.#run(), this.#prove()]);
  }

  /** F5. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#readiness = { ready: false, reason: 'the watch cache is closed' };
    this.#closing.abort();
    this.#restart.abort();
    await this.#running;
  }

  /** The store's newest revision is older than one we have seen: its history is another one now (F6). */
  wentBack(newest: bigint): StoreReplaced {
    const seen = this.#options.state.revision;
    const error = new StoreReplaced(
      `the store is at revision ${newest} and was at ${seen} before: it went back in time`,
    );
    this.#lose(error);
    return error;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff({ initialMs: 100, maxMs: 5_000 });
    while (!signal.aborted) {
      this.#restart = new AbortController();
      try {
        if (this.#mustFill) await this.#fill(); // F1, F2
        await this.#follow(AbortSignal.any([signal, this.#restart.signal]), backoff);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof StoreReplaced) return this.#lose(error);
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.log.warn({ reason }, 'the watch cache lost the store; trying again');
        if (this.#mustFill) this.#notReady(reason);
        // Rejects only when closing, which ends the loop.
        await backoff.wait(signal).catch(() => undefined);
      }
    }
  }

  async #fill(): Promise<void> {
    const { store, state, maker } = this.#options;
    const items = new SortedItems<T, S>();
    let place: { readonly after: string; readonly revision: bigint } | undefined;
    for (;;) {
      const page = await store.list('/', { limit: PAGE, ...place });
      this.#closing.signal.throwIfAborted();
      if (page.kind === 'expired') throw new Error('the revision of the list was compacted while it was read');
      for (const entry of page.entries) {
        const known = state.items.get(entry.key);
        const item = known?.revision === entry.revision ? known : maker.make(entry);
        if (item !== undefined) items.set(item);
      }
      const last = page.entries.at(-1);
      if (!page.more || last === undefined) {
        state.reset(items, page.revision); // F3
        break;
      }
      place = { after: last.key, revision: page.revision };
    }
    this.#mustFill = false;
    this.#isReady();
    this.#options.log.info({ items: items.size, revision: String(state.revision) }, 'the watch cache is filled');
    this.#options.onFilled();
  }

  async #follow(signal: AbortSignal, backoff: Backoff): Promise<void> {
    const { store, state } = this.#options;
    for await (const batch of store.watch('/', state.revision, signal)) {
      if (signal.aborted) return;
      backoff.reset();
      switch (batch.kind) {
        case 'events':
          await this.#applyInSlices(batch.events, batch.revision, signal);
          break;
        case 'progress':
          state.apply([], batch.revision);
          break;
        case 'expired':
          this.#mustFill = true;
          return;
        default:
          batch satisfies never;
      }
    }
    if (!signal.aborted) throw new Error('the watch on the store ended without a reason');
  }

  /** A backlog can be thousands of events long. Slices end where a revision ends (C1). */
  async #applyInSlices(events: readonly StoreEvent[], revision: bigint, signal: AbortSignal): Promise<void> {
    const { state } = this.#options;
    let slice: StoreEvent[] = [];
    let bytes = 0;
    let last = 0n;
    for (const event of events) {
      const at = revisionOf(event);
      if (at !== last && (slice.length >= SLICE_EVENTS || bytes >= SLICE_BYTES)) {
        state.apply(slice, last);
        slice = [];
        bytes = 0;
        await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) return;
      }
      slice.push(event);
      bytes += event.kind === 'put' ? event.entry.value.length : 0;
      last = at;
    }
    state.apply(slice, revision);
  }

  async #prove(): Promise<void> {
    const { signal } = this.#closing;
    const { store, state, proofEveryMs, patienceMs } = this.#options;
    const pause = new Backoff({ initialMs: proofEveryMs, maxMs: proofEveryMs });
    for (;;) {
      await pause.wait(signal).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#mustFill) continue;
      const before = state.revision;
      try {
        const newest = await store.newestRevision();
        if (newest < before) this.wentBack(newest);
        else if (newest <= state.revision || (await state.gate.wait(newest, patienceMs))) this.#isReady();
        else this.#lags(newest);
      } catch (error) {
        if (error instanceof StoreReplaced) return this.#lose(error);
        this.#notReady(`the store does not answer: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  /** F6. */
  #lose(error: StoreReplaced): void {
    if (this.#closing.signal.aborted) return;
    this.#options.log.error(
      { reason: error.message },
      'the store is not the one that was served; nothing is served any more',
    );
    this.#readiness = { ready: false, reason: error.message };
    this.#closing.abort();
    this.#restart.abort();
    this.#options.onLost(error);
  }

  #lags(newest: bigint): void {
    if (this.#closing.signal.aborted) return;
    this.#notReady(`the watch cache is at revision ${this.#options.state.revision} and the store at ${newest}`);
    this.#stuckProofs += 1;
    if (this.#stuckProofs < STUCK_PROOFS) return;
    this.#stuckProofs = 0;
    this.#options.log.warn({ newest: String(newest) }, 'the watch on the store is stuck; opening another');
    this.#restart.abort();
  }

  #isReady(): void {
    if (this.#closing.signal.aborted || this.#mustFill) return;
    this.#stuckProofs = 0;
    if (!this.#readiness.ready) this.#readiness = { ready: true };
  }

  #notReady(reason: string): void {
    if (!this.#closing.signal.aborted) this.#readiness = { ready: false, reason };
  }
}
