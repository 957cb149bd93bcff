import type { Cache, CacheEvent, Codec, Item } from '../cache/cache.ts';
import {
  type Change,
  type Entry,
  type ListOptions,
  type ListOutcome,
  type Store,
  type StoreEvent,
  StoreUnavailable,
  type WatchBatch,
  type WriteOutcome,
} from '../store.ts';

/** Keeps values as they are. */
export const plainCodec: Codec<Buffer, null> = {
  admit: (entry) => ({ bytes: entry.value, summary: null }),
  parse: (bytes) => bytes,
};

/** The watch cache behind the store's interface, so that the store's contract can be asked of it. */
export class CacheAsStore implements Store {
  readonly #store: Store;
  readonly #cache: Cache<Buffer, null>;

  constructor(store: Store, cache: Cache<Buffer, null>) {
    this.#store = store;
    this.#cache = cache;
  }

  async get(key: string): Promise<{ readonly entry: Entry | undefined; readonly revision: bigint }> {
    const got = await this.#cache.get(key, { kind: 'newest' });
    switch (got.kind) {
      case 'found':
        return { entry: toEntry(got.item), revision: got.revision };
      case 'absent':
        return { entry: undefined, revision: got.revision };
      case 'too-new':
        throw new StoreUnavailable(`get ${key}: too new`);
      default:
        return got satisfies never;
    }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListOutcome> {
    const { revision, limit, after } = options;
    const page = await this.#cache.list(prefix, {
      show: revision === undefined ? { kind: 'newest' } : { kind: 'exactly', revision },
      ...(limit === undefined ? {} : { limit }),
      ...(after === undefined ? {} : { after }),
    });
    switch (page.kind) {
      case 'page':
        return { ...page, entries: page.items.map(toEntry) };
      case 'expired':
        return { kind: 'expired', compacted: page.oldest };
      case 'too-new':
        throw new StoreUnavailable(`list ${prefix}: revision ${revision} is still to come`);
      default:
        return page satisfies never;
    }
  }

  commit(changes: readonly [Change, ...Change[]]): Promise<WriteOutcome> {
    return this.#store.commit(changes);
  }

  newestRevision(): Promise<bigint> {
    return this.#store.newestRevision();
  }

  async *watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<WatchBatch> {
    const from = { kind: 'after', revision: after } as const;
    const opening = await this.#cache.watch({ prefix }, from, { signal, bookmarkEveryMs: 5 });
    if (opening.kind !== 'open') {
      yield { kind: 'expired', compacted: opening.kind === 'expired' ? opening.oldest : 0n };
      return;
    }
    let told = after;
    for await (const step of opening.watch) {
      switch (step.kind) {
        case 'state':
          throw new Error('the state was not asked for');
        case 'events':
          yield { kind: 'events', events: step.events.map(toStoreEvent), revision: step.revision };
          told = step.revision;
          break;
        case 'bookmark':
          if (step.revision > told) yield { kind: 'progress', revision: step.revision };
          told = step.revision;
          break;
        case 'ended':
          yield { kind: 'expired', compacted: this.#cache.revision };
          return;
        default:
          step satisfies never;
      }
    }
  }

  compact(revision: bigint): Promise<void> {
    return this.#store.compact(revision);
  }

  healthy(): Promise<boolean> {
    return this.#store.healthy();
  }

  async close(): Promise<void> {
    await this.#cache.close();
    await this.#store.close();
  }
}

function toEntry(item: Item<Buffer, null>): Entry {
  return { key: item.key, value: item.bytes, revision: item.revision };
}

function toStoreEvent(event: CacheEvent<Buffer, null>): StoreEvent {
  const previous = event.previous && toEntry(event.previous);
  if (event.item !== undefined) return { kind: 'put', entry: toEntry(event.item), previous };
  if (previous === undefined) throw new Error(`an event of ${event.key} has neither the item before nor the one after`);
  return { kind: 'removed', previous, revision: event.revision };
}
