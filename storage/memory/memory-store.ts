import { checkKey, checkPrefix, compareKeys } from '../keys.ts';
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

/** What one key was from `revision` on; `entry` is undefined where it was removed. */
interface Version {
  readonly revision: bigint;
  readonly entry: Entry | undefined;
}

interface Commit {
  readonly revision: bigint;
  readonly events: readonly StoreEvent[];
}

/**
 * The store's rules (S1 to S11) in memory, as short as they can be said. It is the model that others are tested against and
 * the store of unit tests; it forgets everything when it is closed.
 */
export class MemoryStore implements Store {
  #revision = 1n;
  #compacted = 0n;
  #versions = new Map<string, Version[]>();
  #commits: Commit[] = [];
  #wake = new Set<() => void>();
  #outage: 'none' | 'silent' | 'watches-held' = 'none';
  #closed = false;

  async get(key: string): Promise<{ readonly entry: Entry | undefined; readonly revision: bigint }> {
    checkKey(key);
    this.#mustAnswer('get', key);
    return { entry: this.#at(key, this.#revision), revision: this.#revision };
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListOutcome> {
    checkPrefix(prefix);
    this.#mustAnswer('list', prefix);
    const { limit, after } = options;
    const revision = options.revision ?? this.#revision;
    if (revision < this.#compacted) return { kind: 'expired', compacted: this.#compacted };
    if (revision > this.#revision) throw new StoreUnavailable(`list ${prefix}: revision ${revision} is still to come`);
    const keys = [...this.#versions.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0))
      .sort(compareKeys);
    const all = keys.flatMap((key) => this.#at(key, revision) ?? []);
    const entries = limit === undefined ? all : all.slice(0, limit);
    const remaining = all.length - entries.length;
    return { kind: 'page', entries, revision, more: remaining > 0, remaining };
  }

  async commit(changes: readonly [Change, ...Change[]]): Promise<WriteOutcome> {
    for (const change of changes) checkKey(change.key);
    if (new Set(changes.map((change) => change.key)).size < changes.length) {
      throw new TypeError('a transaction may change a key only once');
    }
    this.#mustAnswer('commit', changes[0].key);
    for (const { key, expect } of changes) {
      const current = this.#at(key, this.#revision);
      if ((current?.revision ?? 0n) !== expect) return { kind: 'conflict', key, current };
    }
    const revision = this.#revision + 1n;
    const events = changes.flatMap((change) => this.#write(change, revision) ?? []);
    this.#revision = revision;
    this.#commits.push({ revision, events });
    this.#wakeAll();
    return { kind: 'committed', revision };
  }

  async newestRevision(): Promise<bigint> {
    this.#mustAnswer('read the newest revision of', 'the store');
    return this.#revision;
  }

  async *watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<WatchBatch> {
    checkPrefix(prefix);
    let seen = after;
    while (!signal.aborted && !this.#closed) {
      if (seen < this.#compacted) {
        yield { kind: 'expired', compacted: this.#compacted };
        return;
      }
      const commit = this.#outage === 'none' ? this.#commits.find((candidate) => candidate.revision > seen) : undefined;
      if (commit === undefined) {
        await this.#somethingHappens(signal);
        continue;
      }
      seen = commit.revision;
      const events = commit.events.filter((event) =>
        (event.kind === 'put' ? event.entry : event.previous).key.startsWith(prefix),
      );
      yield events.length > 0 ? { kind: 'events', events, revision: seen } : { kind: 'progress', revision: seen };
    }
  }

  async compact(revision: bigint): Promise<void> {
    this.#mustAnswer('compact', `revision ${revision}`);
    if (revision > this.#revision) throw new RangeError(`revision ${revision} is still to come`);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.#commits = this.#commits.filter((commit) => commit.revision > revision);
    for (const [key, versions] of this.#versions) {
      const kept = versions.filter((version, i) => version.revision > revision || i === lastUpTo(versions, revision));
      if (kept.length === 1 && kept[0]?.entry === undefined) this.#versions.delete(key);
      else this.#versions.set(key, kept);
    }
    this.#wakeAll();
  }

  async healthy(): Promise<boolean> {
    return this.#outage !== 'silent' && !this.#closed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
  }

  /**
   * For tests. 'silent': every call throws StoreUnavailable and watches say nothing; 'watches-held': only watches say
   * nothing; 'none': all is well, and watches go on where they stopped.
   */
  outage(kind: 'none' | 'silent' | 'watches-held'): void {
    this.#outage = kind;
    this.#wakeAll();
  }

  /** For tests: what restoring an older backup does. Everything after `revision` never happened, and nobody is told. */
  restore(revision: bigint): void {
    for (const [key, versions] of this.#versions) {
      this.#versions.set(
        key,
        versions.filter((version) => version.revision <= revision),
      );
    }
    this.#commits = this.#commits.filter((commit) => commit.revision <= revision);
    this.#revision = revision;
  }

  #mustAnswer(what: string, object: string): void {
    if (this.#closed) throw new StoreUnavailable(`${what} ${object}: the store is closed`);
    if (this.#outage === 'silent') throw new StoreUnavailable(`${what} ${object}: the store does not answer`);
  }

  #at(key: string, revision: bigint): Entry | undefined {
    const versions = this.#versions.get(key);
    return versions?.[lastUpTo(versions, revision)]?.entry;
  }

  #write(change: Change, revision: bigint): StoreEvent | undefined {
    const { key } = change;
    const previous = this.#at(key, this.#revision);
    const versions = this.#versions.get(key) ?? [];
    this.#versions.set(key, versions);
    switch (change.kind) {
      case 'put': {
        const entry = { key, value: Buffer.from(change.value), revision };
        versions.push({ revision, entry });
        return { kind: 'put', entry, previous };
      }
      case 'remove':
        // Removing what is absent (expect 0n) changes nothing, so there is nothing to tell.
        if (previous === undefined) return undefined;
        versions.push({ revision, entry: undefined });
        return { kind: 'removed', previous, revision };
      default:
        return change satisfies never;
    }
  }

  #somethingHappens(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wake.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#wake]) wake();
  }
}

/** Index of the newest version that is not newer than `revision`, or -1. */
function lastUpTo(versions: readonly Version[], revision: bigint): number {
  return versions.findLastIndex((version) => version.revision <= revision);
}
