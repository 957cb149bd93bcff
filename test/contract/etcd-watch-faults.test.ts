import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Etcd3, type Watcher } from 'etcd3';
import { committed, put, remove, sayEvent, WatchReader } from '../../storage/contract/fixture.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import type { Change, StoreEvent } from '../../storage/store.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';

const silent = { info: () => undefined, warn: () => undefined };
const values = (events: readonly StoreEvent[]): string[] =>
  events.map((event) => (event.kind === 'put' ? event.entry.value.toString() : 'removed'));
const upTo = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

/** etcd3 keeps trying to connect a watcher that was not cancelled, also after its client was closed. */
function abandon(watcher: Watcher): void {
  watcher.on('error', () => undefined);
  watcher.cancel().catch(() => undefined);
}

/** S7, S10 and S11 against a real etcd whose connections break; beside the cases what etcd3's own watcher does. */
describe('watches over connections that break', () => {
  let etcd: TemporaryEtcd;
  let proxy: TcpProxy;
  let store: EtcdStore;
  let direct: EtcdStore;
  let plain: Etcd3;
  let tests = 0;

  const open = (endpoint: string, prefix = `/test-${tests}`): EtcdStore =>
    new EtcdStore({
      servers: [endpoint],
      prefix,
      log: silent,
      callDeadlineMs: 1_000,
      pingEveryMs: 500,
      pingTimeoutMs: 500,
      compactEveryMs: 0,
    });
  /** Writes 0, 1, 2, … to one key; the last revision. */
  const count = async (to: number, from = 0, revision = 0n): Promise<bigint> => {
    let last = revision;
    for (let i = from; i < to; i += 1) last = await committed(direct, put('/x/n', String(i), last));
    return last;
  };

  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());
  beforeEach(async () => {
    tests += 1;
    proxy = await TcpProxy.start(etcd.port);
    store = open(proxy.endpoint);
    direct = open(etcd.endpoint);
    plain = new Etcd3({ hosts: proxy.endpoint });
  });
  afterEach(async () => {
    plain.close();
    await store.close();
    await direct.close();
    await proxy.close();
  });

  it('etcd3 by itself loses what it has not read when the connection breaks', async () => {
    const start = await direct.newestRevision();
    const last = await count(200);
    const seen: string[] = [];
    const watcher = await plain
      .watch()
      .prefix(`/test-${tests}/x/`)
      .startRevision(String(start + 1n))
      .create();
    // It is connected, and etcd begins to send a backlog only at its next tick of 100 ms.
    watcher.on('put', (pair) => seen.push(pair.value.toString()));
    watcher.on('error', () => undefined);
    proxy.cut();
    await delay(1_500);
    await committed(direct, put('/x/n', 'after', last));
    await delay(1_000);
    assert.ok(seen.includes('after'), 'it is connected again');
    assert.ok(seen.length < 200, `only ${seen.length} of 201 events arrived`);
    await watcher.cancel();
  });

  it('S7: tells all of a backlog wherever the connection breaks in it', async () => {
    const start = await direct.newestRevision();
    const last = await count(200);
    // The answer to the create request ends within the first few hundred bytes; the backlog has some 40 kB.
    proxy.cutNextAfter([100, 200, 300, 400, 600, 1_000, 3_000, 9_000, 20_000, 30_000]);
    const watch = new WatchReader(store, '/x/', start);
    assert.deepEqual(values(await watch.until(last)), upTo(200));
    assert.ok(proxy.connections >= 9, `${proxy.connections} connections`);
    await watch.close();
  });

  it('S7: tells everything exactly once while connections break at random', async () => {
    const start = await direct.newestRevision();
    const watch = new WatchReader(store, '/', start);
    let writing = true;
    const writer = (async () => {
      let revision = 0n;
      for (let i = 0; i < 300; i += 1) {
        revision = await committed(direct, put('/x/n', String(i), revision));
        await delay(5);
      }
      writing = false;
      return revision;
    })();
    const saboteur = (async () => {
      for (let i = 0; writing; i += 1) {
        await delay(60 + ((i * 37) % 90));
        proxy.cut();
      }
    })();
    const last = await writer;
    await saboteur;
    assert.deepEqual(values(await watch.until(last)), upTo(300));
    await watch.close();
  });

  it('S7: goes on after etcd was killed and started again', async () => {
    const first = await count(5);
    const watch = new WatchReader(store, '/x/', await direct.newestRevision());
    const events = watch.until(first + 5n);
    await delay(100);
    await etcd.kill();
    await delay(300);
    await etcd.start();
    await count(10, 5, first);
    assert.deepEqual(values(await events), ['5', '6', '7', '8', '9']);
    await watch.close();
  });

  it('S7: a connection that is dead without being closed is noticed; etcd3 by itself waits for ever', async () => {
    const start = await direct.newestRevision();
    const seen: string[] = [];
    const watcher = await plain.watch().prefix(`/test-${tests}/x/`).create();
    watcher.on('put', (pair) => seen.push(pair.value.toString()));
    const watch = new WatchReader(store, '/x/', start);
    const first = await committed(direct, put('/x/n', '0'));
    assert.deepEqual(values(await watch.until(first)), ['0']);
    proxy.set('deaf', true);
    const second = await committed(direct, put('/x/n', '1', first));
    assert.deepEqual(values(await watch.until(second)), ['1']);
    await delay(500);
    assert.deepEqual(seen, ['0']);
    await watch.close();
    abandon(watcher);
  });

  it('S10: a backlog above 4 MiB arrives; etcd3 by itself never gets it', async () => {
    const start = await direct.newestRevision();
    let last = 0n;
    for (let i = 0; i < 60; i += 1) last = await committed(direct, put(`/x/${i}`, Buffer.alloc(100_000, 'v')));
    const watcher = await plain
      .watch()
      .prefix(`/test-${tests}/x/`)
      .startRevision(String(start + 1n))
      .watcher();
    let seen = 0;
    watcher.on('put', () => {
      seen += 1;
    });
    const watch = new WatchReader(store, '/x/', start);
    assert.equal((await watch.until(last)).length, 60);
    await delay(1_000);
    assert.equal(seen, 0);
    await watch.close();
    abandon(watcher);
  });

  it('S7, S10: a transaction that etcd sends in fragments arrives in one batch', async () => {
    const start = await direct.newestRevision();
    const value = Buffer.alloc(900_000, 'v');
    const changes: [Change, ...Change[]] = [
      put('/x/0', value),
      put('/x/1', value),
      put('/x/2', value),
      put('/x/3', value),
    ];
    const first = await committed(direct, ...changes);
    // With the values before it is more than twice what one fragment holds.
    const second = await committed(
      direct,
      ...([0, 1, 2, 3].map((i) => put(`/x/${i}`, value, first)) as typeof changes),
    );
    const watch = new WatchReader(store, '/x/', start);
    const sizes = new Map<bigint, number>();
    for (let seen = 0n; seen < second; ) {
      const batch = await watch.next();
      assert.ok(batch.kind !== 'expired');
      seen = batch.revision;
      if (batch.kind !== 'events') continue;
      for (const event of batch.events) {
        const at = event.kind === 'put' ? event.entry.revision : 0n;
        assert.ok(at <= batch.revision);
        sizes.set(at, batch.events.filter((other) => other.kind === 'put' && other.entry.revision === at).length);
      }
    }
    assert.deepEqual(
      [...sizes],
      [
        [first, 4],
        [second, 4],
      ],
    );
    await watch.close();
  });

  it('S11: a watch comes to the newest revision although the newest writes are those of others', async () => {
    const other = open(etcd.endpoint, `/other-${tests}`);
    const start = await store.newestRevision();
    await committed(other, put('/x/before', 'v'));
    await store.newestRevision();
    const watch = new WatchReader(store, '/', start);
    for (let i = 0; i < 5; i += 1) {
      const revision = await committed(other, put(`/x/${i}`, 'v'));
      const newest = await store.newestRevision();
      assert.ok(newest >= revision);
      assert.deepEqual(await watch.until(newest), []);
    }
    const mine = await committed(direct, put('/x/n', 'mine'));
    await committed(other, put('/x/n', 'theirs'));
    assert.deepEqual((await watch.until(await store.newestRevision())).map(sayEvent), [
      `put /x/n=mine@${mine} before nothing`,
    ]);
    await other.close();
    await watch.close();
  });

  it('S8: deletions at the compacted revision are not lost', async () => {
    const first = await committed(direct, put('/x/n', '1'));
    const second = await committed(direct, remove('/x/n', first));
    const third = await committed(direct, put('/x/m', '1'));
    await direct.compact(second);
    // etcd takes a watch from its compacted revision, and once it has cleaned up leaves the deletion out without a word.
    await delay(500);
    const watch = new WatchReader(store, '/x/', first);
    assert.equal((await watch.next()).kind, 'expired');
    await watch.close();
    const rest = new WatchReader(store, '/x/', second);
    assert.deepEqual(values(await rest.until(third)), ['1']);
    await rest.close();
  });

  it('an exception in the code that reads a watch is its own affair', async () => {
    const stop = new AbortController();
    const start = await store.newestRevision();
    const reading = (async () => {
      for await (const batch of store.watch('/x/', start, stop.signal)) throw new Error(`on ${batch.kind}`);
    })();
    const failed = assert.rejects(reading, /on events/);
    const first = await committed(direct, put('/x/n', '1'));
    await failed;
    const watch = new WatchReader(store, '/x/', start);
    assert.deepEqual(values(await watch.until(first)), ['1']);
    await watch.close();
  });
});
