import type { Entry } from '../store.ts';

/**
 * What a watch cache offers; `WatchCache` in watch-cache.ts is the one that does it.
 *
 * One watch over the whole store feeds one cache, and the cache serves every read and every watcher from memory.
 * For each key it keeps encoded bytes and a small summary; the parsed object is made when somebody asks for it.
 *
 * Invariants (the tests name them):
 *
 * C1  At revision R the cache shows exactly the entries that the store has at R; a transaction is seen whole or not at all.
 * C2  The revision never goes back. When the store itself goes back (a restored backup) or is another one, every watcher
 *     is ended and nothing is answered any more: what clients know belongs to a history that is gone.
 * C3  A read with freshness 'newest' shows every write that was acknowledged before the call, by any process.
 * C4  A read with freshness 'at-least' N shows N or a later revision, or answers 'too-new' after `patienceMs`.
 * C5  A list is a snapshot of one revision in key order (bytes); pages asked for with that revision belong to it.
 * C6  A watcher that starts after N gets every event above N in its scope exactly once, in revision order, or ends.
 * C7  A watcher that starts with the state gets a snapshot at R and then every event above R (C6).
 * C8  A bookmark's revision is at least that of every event handed out and below that of every event still to come.
 * C9  A slow watcher costs others nothing and the cache no memory of its own: it is ended once the window has passed it.
 * C10 An event carries the item before and the item after, exactly as the cache showed them.
 * C11 An encoding of an event is made once and shared by all its watchers.
 * C12 `ready` is true only while the cache has lately been proven equal to the store.
 * C13 `admit` is called once per stored version, `parse` never before somebody reads `object`.
 */
export interface Cache<T, S> {
  /** The revision that reads with freshness 'any' show now; 0n before the first sync. */
  readonly revision: bigint;
  /** C12. What is wrong, in words, while it is false. */
  readonly readiness: Readiness;
  /** Resolves at the first sync; rejects with StoreUnavailable when the signal aborts or the cache is closed before. */
  synced(signal: AbortSignal): Promise<void>;

  /** Throws StoreUnavailable when freshness 'newest' cannot be had, or before the first sync. */
  get(key: string, freshness: Freshness): Promise<GetOutcome<T, S>>;
  /** Throws as `get` does. A revision that the cache has passed is read from the store, in pages. */
  list(prefix: string, query: ListQuery): Promise<PageOutcome<T, S>>;
  /** Events of a scope until `signal` aborts. Throws as `get` does. */
  watch(scope: Scope, from: WatchFrom, options: WatchOptions): Promise<WatchOpening<T, S>>;
  /** How many items have keys that start with `prefix`. */
  count(prefix: string): number;
  /** Ends all watchers ('closed') and the watch on the store. */
  close(): Promise<void>;
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** How the owner of a cache turns stored bytes into what it serves. */
export interface Codec<T, S> {
  /**
   * Called as a stored version arrives (C13). `bytes` is what `Item.bytes` will be: the stored value itself or, say, the
   * same object with its resourceVersion filled in. `summary` is kept as long as the item: make it small (labels and
   * selectable fields). undefined: entries of this key are none of the cache's business.
   */
  admit(entry: Entry): Admitted<S> | undefined;
  /** Made on demand, kept for a while, shared: nobody writes into the result. */
  parse(bytes: Buffer, key: string): T;
}

export interface Admitted<S> {
  readonly bytes: Buffer;
  readonly summary: S;
}

/** One version of one object. `bytes`, `summary` and `object` are shared: nobody writes into them. */
export interface Item<T, S> {
  readonly key: string;
  /** The store's revision when this version was written. */
  readonly revision: bigint;
  readonly bytes: Buffer;
  readonly summary: S;
  /** Parsed at first use and forgotten when it has not been used for long; take it once and hold on to it. */
  readonly object: T;
}

export type Freshness =
  /** Whatever the cache shows now. */
  | { readonly kind: 'any' }
  /** As fresh as a linearizable read (C3). */
  | { readonly kind: 'newest' }
  /** C4. */
  | { readonly kind: 'at-least'; readonly revision: bigint };

/** The revision asked for has not come within `patienceMs`. */
export interface TooNew {
  readonly kind: 'too-new';
  readonly wanted: bigint;
  readonly current: bigint;
}

/** The revision asked for is no longer kept. */
export interface Expired {
  readonly kind: 'expired';
  /** The oldest revision that is still answered. */
  readonly oldest: bigint;
}

export type GetOutcome<T, S> =
  | { readonly kind: 'found'; readonly item: Item<T, S>; readonly revision: bigint }
  | { readonly kind: 'absent'; readonly revision: bigint }
  | TooNew;

export interface ListQuery {
  /** 'exactly' shows that very revision: page two of a list, or resourceVersionMatch=Exact. */
  readonly show: Freshness | { readonly kind: 'exactly'; readonly revision: bigint };
  /** At most this many items; absent = all. */
  readonly limit?: number;
  /** Only keys strictly after this one. */
  readonly after?: string;
}

export type PageOutcome<T, S> =
  | {
      readonly kind: 'page';
      /** In key order. Safe to walk in slices over time: it does not change. */
      readonly items: readonly Item<T, S>[];
      /** The revision of the whole list: ask for the next page with show 'exactly' this and `after` = the last key. */
      readonly revision: bigint;
      readonly more: boolean;
      readonly remaining: number;
    }
  | Expired
  | TooNew;

/** Which keys a watcher sees. */
export type Scope = { readonly prefix: string } | { readonly key: string };

export type WatchFrom =
  /** Every event above this revision; a revision of the future stays silent until it is passed. */
  | { readonly kind: 'after'; readonly revision: bigint }
  /** First one 'state' step (C7), then what follows. */
  | { readonly kind: 'state'; readonly freshness: Freshness }
  /** What follows, without the state. */
  | { readonly kind: 'now'; readonly freshness: Freshness };

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Yield a 'bookmark' step whenever this many milliseconds went by without any other step. Absent: never. */
  readonly bookmarkEveryMs?: number;
  /** Called at once when the watch is ended, also while the reader is stuck in an earlier step (a dead connection). */
  readonly onEnded?: (why: 'slow' | 'resync' | 'closed') => void;
}

export type WatchOpening<T, S> = { readonly kind: 'open'; readonly watch: CacheWatch<T, S> } | Expired | TooNew;

/** To be iterated once. The iteration is done after an 'ended' step, or without one when the signal aborts. */
export interface CacheWatch<T, S> extends AsyncIterable<WatchStep<T, S>> {
  /**
   * Everything up to here was in steps that the reader has finished with (it has asked for the next one), so a bookmark
   * with this revision is right at any moment between two steps (C8). Never goes back.
   */
  readonly revision: bigint;
}

export type WatchStep<T, S> =
  | { readonly kind: 'state'; readonly items: readonly Item<T, S>[]; readonly revision: bigint }
  | { readonly kind: 'events'; readonly events: readonly CacheEvent<T, S>[]; readonly revision: bigint }
  | { readonly kind: 'bookmark'; readonly revision: bigint }
  /** 'slow': the reader fell behind the window (C9). 'resync': history was lost. 'closed': the cache shuts down. */
  | { readonly kind: 'ended'; readonly why: 'slow' | 'resync' | 'closed' };

/** One change, the same object for every watcher. */
export interface CacheEvent<T, S> {
  readonly key: string;
  readonly revision: bigint;
  /** Undefined when the key was absent before. */
  readonly previous: Item<T, S> | undefined;
  /** Undefined when the key was removed. */
  readonly item: Item<T, S> | undefined;
  /**
   * The bytes of this event in one form, made by the first caller and shared by the others (C11). `form` must say
   * everything that the bytes depend on, for example 'MODIFIED table'.
   */
  encoded(form: string, encode: () => Buffer): Buffer;
}
