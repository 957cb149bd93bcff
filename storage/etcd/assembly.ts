import type { IEvent, IWatchResponse } from 'etcd3';
import type { StoreEvent, WatchBatch } from '../store.ts';
import { toEntry } from './entries.ts';
import type { Layout } from './layout.ts';

/**
 * Makes batches of the responses of one watch stream over the whole range.
 *
 * A1  Only what has been seen moves `seen`: the revision of an event, or of a response that has no events. A header that
 *     comes with events, or with the answer to the create request, can be ahead of events still to come.
 * A2  Events of one revision leave in one batch (S7), also when etcd cuts a response into fragments.
 * A3  What is not above `seen` has been told before and is dropped.
 * A4  An event whose previous value etcd no longer has cannot be told truly: the watch is expired (S8).
 */
export class WatchAssembly {
  readonly #layout: Layout;
  readonly #prefix: string;
  #seen: bigint;
  /** Events of the last revision of a fragment: more of the same revision may follow. */
  #held: IEvent[] = [];

  constructor(layout: Layout, prefix: string, after: bigint) {
    this.#layout = layout;
    this.#prefix = prefix;
    this.#seen = after;
  }

  /** Everything up to here has left in batches. */
  get seen(): bigint {
    return this.#seen;
  }

  /** A broken stream: what was held comes again on the next one. */
  restart(): void {
    this.#held = [];
  }

  accept(response: IWatchResponse): WatchBatch | undefined {
    if (response.canceled) {
      if (response.compact_revision !== '0') return { kind: 'expired', compacted: BigInt(response.compact_revision) };
      throw new Error(`etcd cancelled the watch: ${response.cancel_reason}`);
    }
    if (response.created) return undefined;
    if (response.events.length === 0) return this.progress(BigInt(response.header.revision));
    const events = [...this.#held, ...response.events];
    const last = events.at(-1)?.kv.mod_revision;
    this.#held = response.fragment ? events.filter((event) => event.kv.mod_revision === last) : [];
    return this.#batch(response.fragment ? events.filter((event) => event.kv.mod_revision !== last) : events);
  }

  /** Nothing of ours happened between `seen` and `revision`. */
  progress(revision: bigint): WatchBatch | undefined {
    if (revision <= this.#seen || this.#held.length > 0) return undefined;
    this.#seen = revision;
    return { kind: 'progress', revision };
  }

  #batch(events: readonly IEvent[]): WatchBatch | undefined {
    const told: StoreEvent[] = [];
    let revision = this.#seen;
    for (const event of events) {
      const at = BigInt(event.kv.mod_revision);
      if (at <= this.#seen) continue;
      revision = at;
      const key = this.#layout.name(event.kv.key);
      if (key === undefined || !key.startsWith(this.#prefix)) continue;
      const made = toStoreEvent(key, event);
      if (made === undefined) return { kind: 'expired', compacted: at };
      told.push(made);
    }
    if (revision === this.#seen) return undefined;
    this.#seen = revision;
    return told.length > 0 ? { kind: 'events', events: told, revision } : { kind: 'progress', revision };
  }
}

/** undefined: the previous value is missing (A4). */
function toStoreEvent(key: string, event: IEvent): StoreEvent | undefined {
  // Typed as always there, but null when etcd has none.
  const before = event.prev_kv as IEvent['prev_kv'] | null;
  const previous = before === null ? undefined : toEntry(key, before);
  if (event.type === 'Delete' || (event.type as string) === 'DELETE') {
    return previous === undefined ? undefined : { kind: 'removed', previous, revision: BigInt(event.kv.mod_revision) };
  }
  const isNew = event.kv.create_revision === event.kv.mod_revision;
  if (previous === undefined && !isNew) return undefined;
  return { kind: 'put', entry: toEntry(key, event.kv), previous: isNew ? undefined : previous };
}
