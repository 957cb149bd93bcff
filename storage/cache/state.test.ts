import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoreEvent } from '../store.ts';
import type { WatchStep } from './cache.ts';
import { FanOut } from './fan-out.ts';
import { ItemMaker } from './item.ts';
import { CacheState } from './state.ts';
import { Watcher, type WatchSource } from './watcher.ts';

const limits = { maxEvents: 5_000, maxBytes: 1e9, minEvents: 10, encodedEvents: 10, encodedBytes: 1e6 };

function event(key: string, revision: number): StoreEvent {
  return {
    kind: 'put',
    entry: { key, value: Buffer.from(`${revision}`), revision: BigInt(revision) },
    previous: undefined,
  };
}

function setUp() {
  let admitted = 0;
  const maker = new ItemMaker<string, string>(
    {
      admit: (entry) => {
        admitted += 1;
        return entry.key.startsWith('/hidden/') ? undefined : { bytes: entry.value, summary: entry.value.toString() };
      },
      parse: String,
    },
    4,
    (_key, _revision, error) => assert.fail(String(error)),
  );
  const fanOut = new FanOut<string, string>();
  const state = new CacheState(maker, fanOut, limits);
  const source: WatchSource<string, string> = {
    get revision() {
      return state.revision;
    },
    window: state.window,
    fellBehind: (watcher) => fanOut.fellBehind(watcher),
    caughtUp: (watcher) => fanOut.caughtUp(watcher),
    leave: (watcher) => fanOut.remove(watcher),
  };
  const stop = new AbortController();
  const watch = (prefix: string) => {
    const start = { revision: state.revision, items: undefined };
    const watcher = new Watcher(source, { prefix }, start, { signal: stop.signal });
    fanOut.add(watcher);
    const steps = watcher[Symbol.asyncIterator]();
    return async (): Promise<WatchStep<string, string>> => {
      const { value, done } = await steps.next();
      assert.ok(done !== true);
      return value;
    };
  };
  return { state, watch, stop, admitted: () => admitted };
}

describe("the cache's state", () => {
  it('C2, C6, C13: what the store tells twice is told once and admitted once', async () => {
    const { state, watch, stop, admitted } = setUp();
    const next = watch('/a/');
    state.apply([event('/a/1', 2), event('/a/2', 3)], 3n);
    state.apply([event('/a/2', 3), event('/a/1', 2), event('/a/1', 4)], 4n);
    state.apply([], 3n);
    const step = await next();
    assert.ok(step.kind === 'events');
    assert.deepEqual(
      step.events.map((each) => `${each.key}@${each.revision} after ${each.previous?.revision}`),
      ['/a/1@2 after undefined', '/a/2@3 after undefined', '/a/1@4 after 2'],
    );
    assert.deepEqual([state.revision, admitted()], [4n, 3]);
    stop.abort();
  });

  it('entries that the codec does not admit move the revision and nothing else', async () => {
    const { state, watch, stop } = setUp();
    const next = watch('/');
    state.apply([event('/hidden/1', 2), event('/a/1', 2)], 2n);
    state.apply([event('/hidden/1', 3)], 3n);
    const step = await next();
    assert.ok(step.kind === 'events' && step.events.length === 1 && step.revision === 3n);
    assert.equal(state.items.size, 1);
    stop.abort();
  });

  it('C8: a long backlog is told in steps that end where a revision ends', async () => {
    const { state, watch, stop } = setUp();
    const next = watch('/a/');
    // Revision 2 has 300 events, then come 300 revisions with one event each, and one elsewhere.
    state.apply(
      Array.from({ length: 300 }, (_, i) => event(`/a/${i}`, 2)),
      2n,
    );
    state.apply(
      Array.from({ length: 300 }, (_, i) => event(`/a/${i}`, 3 + i)),
      302n,
    );
    state.apply([event('/b/1', 303)], 303n);
    const steps = [await next(), await next(), await next()];
    assert.deepEqual(
      steps.map((step) => step.kind === 'events' && [step.events.length, step.revision]),
      [
        [300, 2n],
        [256, 258n],
        [44, 303n],
      ],
    );
    stop.abort();
  });
});
