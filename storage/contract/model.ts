import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryStore } from '../memory/memory-store.ts';
import type { Change, Entry, Store, StoreEvent } from '../store.ts';
import { type ContractSettings, committed, listed, put, WatchReader } from './fixture.ts';
import { withStore } from './with-store.ts';

type Step =
  | {
      readonly kind: 'commit';
      readonly changes: readonly { readonly name: number; readonly remove: boolean; readonly sees: number }[];
    }
  | { readonly kind: 'list'; readonly back: number; readonly limit: number };

const change = fc.record({ name: fc.nat(4), remove: fc.boolean(), sees: fc.nat(3) });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      changes: fc.uniqueArray(change, { selector: (each) => each.name, minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      back: fc.nat(4),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
);

/** Random histories: the store must answer as the store in memory does, apart from the numbers of its revisions. */
export function modelContract(settings: ContractSettings, runs: number): void {
  const test = withStore(settings);

  describe(`${settings.name}: against the model`, () => {
    it(`S1 to S8 in ${runs} random histories`, () =>
      test(async (store) => {
        let round = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
            round += 1;
            await replay(store, `/r${round}/`, steps);
          }),
          { numRuns: runs },
        );
      }));
  });
}

/** Plays the steps on both stores below a prefix of this round and compares every answer, then both watches. */
async function replay(store: Store, prefix: string, steps: readonly Step[]): Promise<void> {
  const model = new MemoryStore();
  const sides = [new Side(store, prefix), new Side(model, prefix)] as const;
  for (const side of sides) await side.begin();
  try {
    for (const each of steps) {
      const [answer, expected] = [await sides[0].play(each), await sides[1].play(each)];
      assert.deepEqual(answer, expected);
    }
    assert.deepEqual(await sides[0].told(), await sides[1].told());
  } finally {
    await model.close();
  }
}

class Side {
  readonly #store: Store;
  readonly #prefix: string;
  /** Revisions of this round's writes: a revision is compared by its place here. */
  readonly #revisions: bigint[] = [];
  #now = new Map<string, bigint>();

  constructor(store: Store, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  async begin(): Promise<void> {
    this.#revisions.push(await committed(this.#store, put(`${this.#prefix}begin`, '')));
  }

  async play(each: Step): Promise<unknown> {
    return each.kind === 'commit' ? this.#commit(each.changes) : this.#list(each.back, each.limit);
  }

  /** What a watch from the beginning tells. */
  async told(): Promise<unknown> {
    const [first] = this.#revisions;
    const watch = new WatchReader(this.#store, this.#prefix, first ?? 0n);
    try {
      const last = this.#revisions.at(-1) ?? 0n;
      const events = last === first ? [] : await watch.until(last);
      return events.map((event) => this.#sayEvent(event));
    } finally {
      await watch.close();
    }
  }

  async #commit(wanted: readonly { name: number; remove: boolean; sees: number }[]): Promise<unknown> {
    const changes = wanted.map(({ name, remove, sees }): Change => {
      const key = `${this.#prefix}${name}`;
      const current = this.#now.get(key) ?? 0n;
      // Mostly what is there, sometimes an older revision or none.
      const expect = sees === 0 ? 0n : sees === 1 ? (this.#revisions[0] ?? 0n) : current;
      return remove ? { kind: 'remove', key, expect } : put(key, `${name}.${this.#revisions.length}`, expect);
    });
    const [first, ...rest] = changes;
    assert.ok(first);
    const outcome = await this.#store.commit([first, ...rest]);
    if (outcome.kind === 'conflict') return ['conflict', outcome.key, this.#say(outcome.current)];
    this.#revisions.push(outcome.revision);
    for (const each of changes) {
      if (each.kind === 'put') this.#now.set(each.key, outcome.revision);
      else this.#now.delete(each.key);
    }
    return 'committed';
  }

  async #list(back: number, limit: number): Promise<unknown> {
    const revision = this.#revisions.at(-1 - back) ?? this.#revisions[0] ?? 0n;
    const page = await listed(this.#store, this.#prefix, { revision, limit });
    return [page.entries.map((entry) => this.#say(entry)), page.more, page.remaining];
  }

  #place(revision: bigint): number {
    return this.#revisions.indexOf(revision);
  }

  #say(entry: Entry | undefined): unknown {
    return entry && [entry.key, entry.value.toString(), this.#place(entry.revision)];
  }

  #sayEvent(event: StoreEvent): unknown {
    return event.kind === 'put'
      ? ['put', this.#say(event.entry), this.#say(event.previous)]
      : ['removed', this.#say(event.previous), this.#place(event.revision)];
  }
}
