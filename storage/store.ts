/**
 * The store: where encoded objects are kept. Bytes in, bytes out; no Kubernetes type crosses this page.
 *
 * Rules that every implementation keeps (storage/contract checks each by its number):
 *
 * S1  A revision is a positive integer that grows with every committed write of the whole store. The revision of an
 *     entry is the store's revision at its last write.
 * S2  create writes only when the key is absent, update and remove only when the entry still has the revision that the
 *     caller saw. Everything else is an outcome, never an exception.
 * S3  A write is attempted once. When its answer is lost, the store finds out what happened (by the write's own id) and
 *     answers with the truth; when it cannot find out in time it throws StoreUnavailable and never guesses.
 * S4  A transaction is all or nothing and has one revision.
 * S5  list at a revision shows exactly the entries of that revision, in key order; pages of one list share a revision.
 * S6  A revision that was compacted away is an outcome ('expired'), for lists and for watches.
 * S7  A watch delivers every event after its start exactly once, in revision order, whatever happens to connections
 *     in between, or ends with 'expired'. It never skips. Events of one transaction arrive in one batch.
 * S8  A removed entry's event carries the entry's last bytes and the revision of the removal.
 * S9  Every call ends: by its deadline at the latest, with StoreUnavailable.
 * S10 Values of 1.5 MiB, lists and watch backlogs of any size work. A value that the store refuses for its size is
 *     ValueTooLarge, and nothing was written.
 * S11 newestRevision is at least the revision of every write and read answered before the call, by whomever. Every open
 *     watch comes to that revision by itself, with events or with progress, as soon as the store sends what lies before.
 * S12 A store that is found to be older than what was seen of it, or another one, throws StoreReplaced from then on.
 */

/** One stored entry. Keys begin with "/" (keys.ts). `value` is shared: nobody writes into it. */
export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  /** The store's revision when this value was written. */
  readonly revision: bigint;
}

export type WriteOutcome =
  | { readonly kind: 'committed'; readonly revision: bigint }
  /** A condition did not hold. `current` is what stands there now, undefined when nothing does. */
  | { readonly kind: 'conflict'; readonly key: string; readonly current: Entry | undefined };

export type ListOutcome =
  | {
      readonly kind: 'page';
      readonly entries: readonly Entry[];
      /** The revision that the whole list shows. */
      readonly revision: bigint;
      /** True when entries after the last one exist; ask again with `after` = the last key and the same revision. */
      readonly more: boolean;
      /** How many entries come after this page. */
      readonly remaining: number;
    }
  | { readonly kind: 'expired'; readonly compacted: bigint };

/** One condition-and-write. `expect` is the revision the caller saw; 0n means "absent". */
export type Change =
  | { readonly kind: 'put'; readonly key: string; readonly value: Buffer; readonly expect: bigint }
  | { readonly kind: 'remove'; readonly key: string; readonly expect: bigint };

export type StoreEvent =
  | {
      readonly kind: 'put';
      readonly entry: Entry /** Undefined when the key was absent before. */;
      readonly previous: Entry | undefined;
    }
  | {
      readonly kind: 'removed';
      readonly previous: Entry /** The revision of the removal. */;
      readonly revision: bigint;
    };

export type WatchBatch =
  | { readonly kind: 'events'; readonly events: readonly StoreEvent[]; readonly revision: bigint }
  /** Nothing happened up to and including `revision`. */
  | { readonly kind: 'progress'; readonly revision: bigint }
  /** The start revision is gone; the watch has ended. */
  | { readonly kind: 'expired'; readonly compacted: bigint };

export interface ListOptions {
  /** At most this many entries; absent = all. */
  readonly limit?: number;
  /** Only keys strictly after this one. */
  readonly after?: string;
  /** Show this revision instead of the newest. */
  readonly revision?: bigint;
}

/** The store did not answer, or cannot say whether a write happened. Retrying a read is safe; a write must be re-read first. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/**
 * What answers is not the store that was known: it went back in time (a backup was restored), or it is another one.
 * Whatever was learnt before belongs to another history, so nothing is read or written any more (S12).
 */
export class StoreReplaced extends StoreUnavailable {}

/** A value (or a transaction of several) is larger than the store takes. Nothing was written (S10). */
export class ValueTooLarge extends Error {
  override readonly name = 'ValueTooLarge';
}

export interface Store {
  get(key: string): Promise<{ readonly entry: Entry | undefined; readonly revision: bigint }>;
  /** Entries whose key starts with `prefix`. */
  list(prefix: string, options?: ListOptions): Promise<ListOutcome>;
  /** All changes or none (S4). Also the way to create, update and remove one entry. */
  commit(changes: readonly [Change, ...Change[]]): Promise<WriteOutcome>;
  /** A linearizable read of the newest committed revision; concurrent callers share one round trip. */
  newestRevision(): Promise<bigint>;
  /** Events with a revision above `after` for keys under `prefix`, until `signal` aborts (S7). */
  watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<WatchBatch>;
  /** Forgets history up to and including `revision`. */
  compact(revision: bigint): Promise<void>;
  /** True when the store answers within `patienceMs` (2,000 when absent); used by readiness checks. */
  healthy(patienceMs?: number): Promise<boolean>;
  close(): Promise<void>;
}
