import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MemoryStore } from '../memory/memory-store.ts';
import { StoreReplaced, StoreUnavailable } from '../store.ts';
import type { CacheWatch, Scope, WatchFrom, WatchOptions, WatchStep } from './cache.ts';
import { WatchCache } from './watch-cache.ts';

type Steps = AsyncIterator<WatchStep<unknown, string>>;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const codec = {
  admit: (entry: { key: string; value: Buffer }) =>
    entry.key.startsWith('/private/') ? undefined : { bytes: entry.value, summary: entry.value.toString() },
  parse: (bytes: Buffer): unknown => JSON.parse(bytes.toString()),
};

describe('the watch cache', () => {
  let store: MemoryStore;
  let cache: WatchCache<unknown, string>;
  let stop: AbortController;

  const make = (options: { windowEvents?: number; patienceMs?: number; proofEveryMs?: number } = {}) =>
    new WatchCache({ store, codec, log: quiet, patienceMs: 200, proofEveryMs: 20, ...options });
  const put = async (key: string, value: string, expect = 0n): Promise<bigint> => {
    const outcome = await store.commit([{ kind: 'put', key, value: Buffer.from(value), expect }]);
    assert.equal(outcome.kind, 'committed');
    return outcome.kind === 'committed' ? outcome.revision : 0n;
  };
  const open = async (scope: Scope, from: WatchFrom, options: Partial<WatchOptions> = {}) => {
    const opening = await cache.watch(scope, from, { signal: stop.signal, ...options });
    assert.equal(opening.kind, 'open');
    assert.ok(opening.kind === 'open');
    const watch: CacheWatch<unknown, string> = opening.watch;
    return { watch, steps: watch[Symbol.asyncIterator]() };
  };
  const next = async (steps: Steps): Promise<WatchStep<unknown, string>> => {
    const result = await steps.next();
    assert.ok(result.done !== true, 'the watch is over');
    return result.value;
  };
  const told = (step: WatchStep<unknown, string>): string[] => {
    assert.equal(step.kind, 'events');
    return step.kind === 'events' ? step.events.map((e) => `${e.key} ${e.previous?.summary} > ${e.item?.summary}`) : [];
  };

  beforeEach(() => {
    store = new MemoryStore();
    stop = new AbortController();
    cache = make();
    cache.start();
  });
  afterEach(async () => {
    stop.abort();
    await cache.close();
    await store.close();
  });

  it('C3: a newest read shows what was acknowledged before it', async () => {
    for (let i = 1; i <= 50; i += 1) {
      const revision = await put(`/a/${i}`, `${i}`);
      const got = await cache.get(`/a/${i}`, { kind: 'newest' });
      assert.ok(got.kind === 'found' && got.item.revision === revision && got.item.summary === `${i}`);
      assert.deepEqual(got.item.object, i);
    }
    assert.equal(cache.count('/a/'), 50);
  });

  it('C3: a newest read fails rather than show something old', async () => {
    await put('/a/1', '1');
    await cache.get('/a/1', { kind: 'newest' });
    store.outage('watches-held');
    await put('/a/2', '2');
    await assert.rejects(cache.get('/a/2', { kind: 'newest' }), /the watch cache is at revision 2 and the store at 3/);
    assert.equal((await cache.get('/a/2', { kind: 'any' })).kind, 'absent');
    store.outage('silent');
    await assert.rejects(cache.get('/a/2', { kind: 'newest' }), StoreUnavailable);
  });

  it('C4: an at-least read waits for the revision, and says when it does not come', async () => {
    const soon = cache.get('/a/1', { kind: 'at-least', revision: 2n });
    await put('/a/1', '1');
    assert.equal((await soon).kind, 'found');
    assert.deepEqual(await cache.get('/a/1', { kind: 'at-least', revision: 9n }), {
      kind: 'too-new',
      wanted: 9n,
      current: 2n,
    });
  });

  it('C5: pages of one list show one revision, from memory or from the store', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await put(`/a/${name}`, '1');
    const first = await cache.list('/a/', { show: { kind: 'newest' }, limit: 2 });
    assert.ok(first.kind === 'page');
    assert.deepEqual([first.items.map((item) => item.key), first.more, first.remaining], [['/a/a', '/a/b'], true, 2]);
    const rest = { show: { kind: 'exactly', revision: first.revision }, after: '/a/b' } as const;
    await put('/other/x', '1');
    for (const change of ['none below the prefix', 'one below the prefix']) {
      const page = await cache.list('/a/', rest);
      assert.ok(page.kind === 'page', change);
      assert.deepEqual([page.items.map((item) => item.key), page.revision], [['/a/c', '/a/d'], first.revision]);
      await put('/a/e', '1').catch(() => undefined);
      await cache.get('/a/e', { kind: 'newest' });
      await store.commit([{ kind: 'remove', key: '/a/e', expect: cache.revision }]);
      await put('/a/e', '2');
      await cache.get('/a/e', { kind: 'newest' });
    }
    await store.compact(await store.newestRevision());
    assert.equal((await cache.list('/a/', rest)).kind, 'expired');
    assert.equal((await cache.list('/a/', { show: { kind: 'exactly', revision: 999n } })).kind, 'too-new');
  });

  it('C6, C10: a watcher gets what happens in its scope, with the item before and after', async () => {
    const first = await put('/a/1', '1');
    await cache.get('/a/1', { kind: 'newest' });
    const { steps } = await open({ prefix: '/a/' }, { kind: 'after', revision: first });
    const one = await open({ key: '/a/1' }, { kind: 'now', freshness: { kind: 'any' } });
    await store.commit([
      { kind: 'put', key: '/a/1', value: Buffer.from('2'), expect: first },
      { kind: 'put', key: '/a/2', value: Buffer.from('1'), expect: 0n },
      { kind: 'put', key: '/b/1', value: Buffer.from('1'), expect: 0n },
      { kind: 'put', key: '/private/1', value: Buffer.from('1'), expect: 0n },
    ]);
    assert.deepEqual(told(await next(steps)), ['/a/1 1 > 2', '/a/2 undefined > 1']);
    assert.deepEqual(told(await next(one.steps)), ['/a/1 1 > 2']);
    const removal = await store.commit([{ kind: 'remove', key: '/a/1', expect: first + 1n }]);
    const step = await next(steps);
    assert.deepEqual(told(step), ['/a/1 2 > undefined']);
    assert.ok(removal.kind === 'committed' && step.kind === 'events' && step.events[0]?.revision === removal.revision);
  });

  it('C6: a start that the window no longer holds is expired; one of the future is silent until then', async () => {
    await cache.close();
    cache = make({ windowEvents: 2 });
    cache.start();
    const first = await put('/a/0', '0');
    for (let i = 1; i <= 4; i += 1) await put(`/a/${i}`, '1');
    await cache.get('/a/4', { kind: 'newest' });
    const opening = await cache.watch(
      { prefix: '/a/' },
      { kind: 'after', revision: first - 1n },
      { signal: stop.signal },
    );
    assert.equal(opening.kind, 'expired');
    const { steps } = await open({ prefix: '/a/' }, { kind: 'after', revision: cache.revision + 1n });
    await put('/a/5', 'skipped');
    await put('/a/6', 'seen');
    assert.deepEqual(told(await next(steps)), ['/a/6 undefined > seen']);
  });

  it('C7, C8: the state first, then events; bookmarks never run ahead of the reader', async () => {
    const revision = await put('/a/1', '1');
    const { watch, steps } = await open(
      { prefix: '/a/' },
      { kind: 'state', freshness: { kind: 'newest' } },
      { bookmarkEveryMs: 10 },
    );
    await put('/b/1', '1');
    const state = await next(steps);
    assert.ok(state.kind === 'state' && state.revision === revision && state.items.length === 1);
    assert.equal(watch.revision, 0n);
    await put('/a/2', '2');
    const events = await next(steps);
    assert.deepEqual(told(events), ['/a/2 undefined > 2']);
    assert.equal(watch.revision, revision);
    const bookmark = await next(steps);
    assert.deepEqual([bookmark.kind, watch.revision], ['bookmark', events.kind === 'events' ? events.revision : 0n]);
    const later = await put('/b/2', '1');
    await cache.get('/b/2', { kind: 'newest' });
    const second = await next(steps);
    assert.deepEqual(second, { kind: 'bookmark', revision: later });
  });

  it('C9: a slow watcher is ended at once, an idle one is not, and nobody else notices', async () => {
    await cache.close();
    cache = make({ windowEvents: 3 });
    cache.start();
    await cache.synced(stop.signal);
    const ends: string[] = [];
    const onEnded = (why: string): number => ends.push(why);
    const slow = await open({ prefix: '/a/' }, { kind: 'now', freshness: { kind: 'any' } }, { onEnded });
    const idle = await open({ prefix: '/b/' }, { kind: 'now', freshness: { kind: 'any' } }, { onEnded });
    const fast = await open({ prefix: '/a/' }, { kind: 'now', freshness: { kind: 'any' } }, { onEnded });
    for (let i = 1; i <= 6; i += 1) {
      await put(`/a/${i}`, '1');
      assert.deepEqual(told(await next(fast.steps)), [`/a/${i} undefined > 1`]);
    }
    assert.deepEqual(ends, ['slow']);
    assert.deepEqual(await next(slow.steps), { kind: 'ended', why: 'slow' });
    assert.equal((await slow.steps.next()).done, true);
    await put('/b/1', '1');
    assert.deepEqual(told(await next(idle.steps)), ['/b/1 undefined > 1']);
    assert.equal(cache.watchers, 2);
  });

  it('C11: an event and its encoding are the same object for all', async () => {
    await cache.synced(stop.signal);
    const watches = [
      await open({ prefix: '/a/' }, { kind: 'now', freshness: { kind: 'any' } }),
      await open({ key: '/a/1' }, { kind: 'now', freshness: { kind: 'any' } }),
    ];
    await put('/a/1', '1');
    let made = 0;
    const encodings = new Set<Buffer>();
    for (const { steps } of watches) {
      const step = await next(steps);
      assert.ok(step.kind === 'events');
      for (const event of step.events) {
        encodings.add(
          event.encoded('ADDED json', () => {
            made += 1;
            return Buffer.from('{}');
          }),
        );
      }
    }
    assert.deepEqual([made, encodings.size], [1, 1]);
  });

  it('C12: readiness follows the store', async () => {
    const ready = async (wanted: boolean): Promise<void> => {
      for (let i = 0; cache.readiness.ready !== wanted; i += 1) {
        assert.ok(i < 200, `readiness did not become ${wanted}`);
        await delay(10);
      }
    };
    assert.equal(make().readiness.ready, false);
    await ready(true);
    store.outage('silent');
    await ready(false);
    store.outage('none');
    await ready(true);
    store.outage('watches-held');
    await put('/a/1', '1');
    await ready(false);
    assert.match(
      cache.readiness.ready ? '' : cache.readiness.reason,
      /the watch cache is at revision 1 and the store at 2/,
    );
    store.outage('none');
    await ready(true);
    assert.equal((await cache.get('/a/1', { kind: 'any' })).kind, 'found');
  });

  it('before the first sync reads wait, then fail with the reason', async () => {
    await cache.close();
    store.outage('silent');
    cache = make();
    cache.start();
    await assert.rejects(cache.get('/a/1', { kind: 'any' }), /has not been filled|does not answer/);
    const waiting = cache.get('/a/1', { kind: 'any' });
    store.outage('none');
    assert.equal((await waiting).kind, 'absent');
  });

  it('C2, F2: when history is lost, watchers are ended and the cache is filled anew', async () => {
    const first = await put('/a/1', '1');
    await put('/a/2', '1');
    const kept = await cache.get('/a/2', { kind: 'newest' });
    const { steps } = await open({ prefix: '/a/' }, { kind: 'now', freshness: { kind: 'any' } });
    store.outage('watches-held');
    const second = await put('/a/1', '2', first);
    await put('/a/3', '1');
    await store.compact(await store.newestRevision());
    store.outage('none');
    assert.deepEqual(await next(steps), { kind: 'ended', why: 'resync' });
    const list = await cache.list('/a/', { show: { kind: 'newest' } });
    assert.ok(list.kind === 'page' && list.items.length === 3 && list.items[0]?.revision === second);
    // C13: what did not change was not admitted again.
    assert.ok(kept.kind === 'found' && list.items[1] === kept.item);
    const opening = await cache.watch({ prefix: '/a/' }, { kind: 'after', revision: first }, { signal: stop.signal });
    assert.equal(opening.kind, 'expired');
  });

  it('C2, F6: when the store goes back, watchers are ended and nothing is answered any more', async () => {
    const first = await put('/a/1', '1');
    await put('/a/1', '2', first);
    await cache.get('/a/1', { kind: 'newest' });
    const { steps } = await open({ prefix: '/a/' }, { kind: 'now', freshness: { kind: 'any' } });
    const waiting = cache.get('/a/1', { kind: 'at-least', revision: 99n });
    store.restore(first);
    await assert.rejects(cache.get('/a/1', { kind: 'newest' }), StoreReplaced);
    assert.deepEqual(await next(steps), { kind: 'ended', why: 'resync' });
    assert.equal((await waiting).kind, 'too-new');
    for (const freshness of [{ kind: 'any' }, { kind: 'newest' }, { kind: 'at-least', revision: 1n }] as const) {
      await assert.rejects(cache.get('/a/1', freshness), StoreReplaced);
      await assert.rejects(cache.list('/a/', { show: freshness }), StoreReplaced);
    }
    const watch = cache.watch({ prefix: '/a/' }, { kind: 'after', revision: 1n }, { signal: stop.signal });
    await assert.rejects(watch, StoreReplaced);
    assert.match(cache.readiness.ready ? '' : cache.readiness.reason, /it went back in time/);
  });

  it('closing ends watchers and reads that wait', async () => {
    await cache.synced(stop.signal);
    const { steps } = await open({ prefix: '/' }, { kind: 'now', freshness: { kind: 'any' } });
    const waiting = cache.get('/a/1', { kind: 'at-least', revision: 99n });
    await cache.close();
    assert.deepEqual(await next(steps), { kind: 'ended', why: 'closed' });
    assert.equal((await waiting).kind, 'too-new');
  });

  it('a watch ends without a step when its signal aborts', async () => {
    await cache.synced(stop.signal);
    const { steps } = await open({ prefix: '/' }, { kind: 'now', freshness: { kind: 'any' } });
    const pending = steps.next();
    stop.abort();
    assert.equal((await pending).done, true);
    assert.equal(cache.watchers, 0);
  });
});
