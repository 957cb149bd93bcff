import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../keys.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import type { Change } from '../store.ts';
import type { CacheEvent, CacheWatch, Item, Scope, WatchStep } from './cache.ts';
import { WatchCache } from './watch-cache.ts';
import { inScope } from './watcher.ts';

/**
 * C1, C3 and C5 to C10 against the store in memory, whose whole history the test writes down: random writes, readers that
 * start anywhere and read at their own pace, a store whose watch stalls or loses its history, a window of a few events.
 */

const KEYS = ['/a/1', '/a/2', '/a/3', '/b/1', '/b/2'];
const SCOPES: readonly Scope[] = [{ prefix: '/' }, { prefix: '/a/' }, { prefix: '/b/' }, { key: '/a/2' }];
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

type Step =
  | { readonly kind: 'write'; readonly keys: readonly number[]; readonly removes: boolean }
  | { readonly kind: 'read'; readonly key: number }
  | { readonly kind: 'list'; readonly back: number; readonly limit: number }
  | { readonly kind: 'open'; readonly scope: number; readonly from: 'state' | 'now' | 'after'; readonly back: number }
  | { readonly kind: 'pull'; readonly reader: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'lose-history' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      keys: fc.uniqueArray(fc.nat(KEYS.length - 1), { minLength: 1, maxLength: 3 }),
      removes: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), key: fc.nat(KEYS.length - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      back: fc.nat(8),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('open' as const),
      scope: fc.nat(SCOPES.length - 1),
      from: fc.constantFrom('state' as const, 'now' as const, 'after' as const),
      back: fc.nat(8),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pull' as const), reader: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'hold' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'lose-history' as const }) },
);

/** What stood under each key after each revision. */
type Snapshot = ReadonlyMap<string, { readonly revision: bigint; readonly value: string }>;

class World {
  readonly store = new MemoryStore();
  readonly cache = new WatchCache<string, string>({
    store: this.store,
    codec: {
      admit: (entry) => ({ bytes: entry.value, summary: entry.value.toString() }),
      parse: (bytes) => bytes.toString(),
    },
    log: silent,
    patienceMs: 1_000,
    proofEveryMs: 60_000,
    windowEvents: 12,
  });
  readonly stop = new AbortController();
  readonly history = new Map<bigint, Snapshot>([[1n, new Map()]]);
  readonly readers: Reader[] = [];
  #count = 0;
  #compacted = 0n;

  get revisions(): bigint[] {
    return [...this.history.keys()];
  }

  at(revision: bigint): Snapshot {
    const snapshot = this.history.get(revision);
    assert.ok(snapshot, `the cache shows revision ${revision}, which never was`);
    return snapshot;
  }

  async play(each: Step): Promise<void> {
    switch (each.kind) {
      case 'write':
        return this.#write(each.keys, each.removes);
      case 'read':
        return this.#read(KEYS[each.key] ?? '');
      case 'list':
        return this.#list(this.#back(each.back), each.limit);
      case 'open':
        return this.#open(SCOPES[each.scope] ?? { prefix: '/' }, each.from, this.#back(each.back));
      case 'pull':
        await this.readers[each.reader]?.pull();
        return;
      case 'hold':
        this.store.outage('watches-held');
        return;
      case 'lose-history':
        this.store.outage('watches-held');
        await this.#write([0], false);
        this.#compacted = await this.store.newestRevision();
        await this.store.compact(this.#compacted);
        this.store.outage('none');
        return;
      default:
        each satisfies never;
    }
  }

  #back(places: number): bigint {
    return this.revisions.at(-1 - places) ?? 1n;
  }

  async #write(keys: readonly number[], removes: boolean): Promise<void> {
    const before = this.at(await this.store.newestRevision());
    const after = new Map(before);
    this.#count += 1;
    // In key order, so that the order of events within a transaction is known.
    const changes = [...keys].sort().map((index): Change => {
      const key = KEYS[index] ?? '';
      const expect = before.get(key)?.revision ?? 0n;
      if (removes && expect > 0n) return { kind: 'remove', key, expect };
      return { kind: 'put', key, value: Buffer.from(`v${this.#count}`), expect };
    });
    const [first, ...rest] = changes;
    assert.ok(first);
    const outcome = await this.store.commit([first, ...rest]);
    assert.ok(outcome.kind === 'committed');
    const { revision } = outcome;
    for (const change of changes) {
      if (change.kind === 'put') after.set(change.key, { revision, value: change.value.toString() });
      else after.delete(change.key);
    }
    this.history.set(revision, after);
  }

  /** C3, C1. */
  async #read(key: string): Promise<void> {
    this.store.outage('none');
    const newest = await this.store.newestRevision();
    const got = await this.cache.get(key, { kind: 'newest' });
    assert.ok(got.kind !== 'too-new' && got.revision >= newest);
    const expected = this.at(got.revision).get(key);
    assert.deepEqual(
      got.kind === 'found' ? [got.item.revision, got.item.summary] : undefined,
      expected && [expected.revision, expected.value],
    );
  }

  /** C5. */
  async #list(revision: bigint, limit: number): Promise<void> {
    this.store.outage('none');
    const shown: string[] = [];
    let after: string | undefined;
    for (;;) {
      const show = { kind: 'exactly', revision } as const;
      const page = await this.cache.list('/a/', { show, limit, ...(after === undefined ? {} : { after }) });
      if (page.kind === 'expired') {
        assert.ok(revision < this.#compacted);
        return;
      }
      assert.ok(page.kind === 'page');
      assert.equal(page.revision, revision);
      shown.push(...page.items.map(sayItem));
      after = page.items.at(-1)?.key;
      assert.equal(page.more, page.remaining > 0);
      if (!page.more) break;
    }
    assert.deepEqual(shown, sayState(this.at(revision), { prefix: '/a/' }));
  }

  async #open(scope: Scope, from: 'state' | 'now' | 'after', revision: bigint): Promise<void> {
    const freshness = { kind: 'any' } as const;
    const opening = await this.cache.watch(
      scope,
      from === 'after' ? { kind: 'after', revision } : { kind: from, freshness },
      { signal: this.stop.signal, bookmarkEveryMs: 1 },
    );
    if (opening.kind !== 'open') {
      assert.ok(opening.kind === 'expired' && from === 'after' && revision < opening.oldest);
      return;
    }
    const start = from === 'after' ? revision : this.cache.revision;
    this.readers.push(new Reader(this, scope, opening.watch, start, from === 'state'));
  }

  /** Everything between two revisions in a scope, as the store did it. */
  between(after: bigint, upTo: bigint, scope: Scope): string[] {
    return this.revisions
      .filter((revision) => revision > after && revision <= upTo)
      .flatMap((revision) => {
        const [before, now] = [this.at(revision - 1n), this.at(revision)];
        return KEYS.filter((key) => inScope(scope, key) && before.get(key) !== now.get(key)).map(
          (key) => `${revision} ${key} ${before.get(key)?.value} > ${now.get(key)?.value}`,
        );
      });
  }
}

class Reader {
  readonly #world: World;
  readonly #scope: Scope;
  readonly #watch: CacheWatch<string, string>;
  readonly #steps: AsyncIterator<WatchStep<string, string>>;
  readonly #start: bigint;
  #stateDue: boolean;
  #told: string[] = [];
  #reached: bigint;
  ended: 'slow' | 'resync' | 'closed' | undefined;

  constructor(world: World, scope: Scope, watch: CacheWatch<string, string>, start: bigint, stateDue: boolean) {
    this.#world = world;
    this.#scope = scope;
    this.#watch = watch;
    this.#start = start;
    this.#reached = start;
    this.#stateDue = stateDue;
    this.#steps = watch[Symbol.asyncIterator]();
  }

  get reached(): bigint {
    return this.#reached;
  }

  /** One step, checked: C6, C7, C8, C10. */
  async pull(): Promise<void> {
    if (this.ended !== undefined) return;
    const { value, done } = await this.#steps.next();
    assert.ok(done !== true);
    const each: WatchStep<string, string> = value;
    switch (each.kind) {
      case 'state':
        assert.ok(this.#stateDue && each.revision === this.#start);
        assert.deepEqual(each.items.map(sayItem), sayState(this.#world.at(each.revision), this.#scope));
        break;
      case 'events':
        this.#told.push(...each.events.map(sayEvent));
        this.#check(each.revision);
        break;
      case 'bookmark':
        this.#check(each.revision);
        break;
      case 'ended':
        this.ended = each.why;
        break;
      default:
        each satisfies never;
    }
    assert.ok(!this.#stateDue || each.kind === 'state' || each.kind === 'ended', 'the state comes first');
    this.#stateDue = false;
    assert.ok(this.#watch.revision <= this.#reached, 'a bookmark would run ahead (C8)');
  }

  /** What was told so far is exactly what happened up to `revision` (C6, C8). */
  #check(revision: bigint): void {
    assert.ok(revision >= this.#reached, 'the revision went back (C2)');
    this.#reached = revision;
    const upTo = revision > (this.#world.revisions.at(-1) ?? 0n) ? (this.#world.revisions.at(-1) ?? 0n) : revision;
    assert.deepEqual(this.#told, this.#world.between(this.#start, upTo, this.#scope));
  }
}

function sayItem(item: Item<string, string>): string {
  return `${item.key} ${item.summary}@${item.revision}`;
}

function sayState(snapshot: Snapshot, scope: Scope): string[] {
  return [...snapshot]
    .filter(([key]) => inScope(scope, key))
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([key, { value, revision }]) => `${key} ${value}@${revision}`);
}

function sayEvent(event: CacheEvent<string, string>): string {
  return `${event.revision} ${event.key} ${event.previous?.summary} > ${event.item?.summary}`;
}

describe('the watch cache against the model', () => {
  it('C1 to C10 in 150 random histories', async () => {
    let [slow, resync, caughtUp] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const world = new World();
        world.cache.start();
        try {
          await world.cache.synced(AbortSignal.timeout(5_000));
          for (const each of steps) await world.play(each);
          world.store.outage('none');
          const newest = await world.store.newestRevision();
          await world.cache.get('/a/1', { kind: 'newest' });
          for (const reader of world.readers) {
            while (reader.ended === undefined && reader.reached < newest) await reader.pull();
            if (reader.ended === 'slow') slow += 1;
            else if (reader.ended === 'resync') resync += 1;
            else caughtUp += 1;
          }
        } finally {
          world.stop.abort();
          await world.cache.close();
          await world.store.close();
        }
      }),
      { numRuns: 150 },
    );
    // The histories must have had all three fates in them, or they prove little.
    assert.ok(slow > 0 && resync > 0 && caughtUp > 50, JSON.stringify({ slow, resync, caughtUp }));
  });
});
