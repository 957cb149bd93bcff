import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { committed, listed, put, say, WatchReader } from '../../storage/contract/fixture.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { StoreUnavailable, ValueTooLarge } from '../../storage/store.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';

const silent = { info: () => undefined, warn: () => undefined };

async function took(work: () => Promise<unknown>): Promise<number> {
  const started = Date.now();
  await work();
  return Date.now() - started;
}

/** S9 and S10 against a real etcd that is frozen, away or full; beside the cases what etcd3 does by itself. */
describe('etcd in trouble', () => {
  let etcd: TemporaryEtcd;
  let proxy: TcpProxy;
  let store: EtcdStore;
  let plain: Etcd3;
  let tests = 0;

  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());
  beforeEach(async () => {
    tests += 1;
    proxy = await TcpProxy.start(etcd.port);
    store = new EtcdStore({
      servers: [proxy.endpoint],
      prefix: `/test-${tests}`,
      log: silent,
      callDeadlineMs: 1_000,
      compactEveryMs: 0,
    });
    plain = new Etcd3({ hosts: proxy.endpoint });
  });
  afterEach(async () => {
    plain.close();
    await store.close();
    await proxy.close();
  });

  it('S9: with etcd frozen every call ends in time; etcd3 by itself hangs', async () => {
    await committed(store, put('/x/a', '1'));
    await plain.get('/x');
    etcd.freeze();
    try {
      const hanging = plain.get('/x').then(
        () => 'ended',
        () => 'ended',
      );
      const unavailable = (work: Promise<unknown>) => () => assert.rejects(work, StoreUnavailable);
      assert.ok((await took(unavailable(store.get('/x/a')))) < 2_000);
      assert.ok((await took(unavailable(store.newestRevision()))) < 2_000);
      assert.ok((await took(unavailable(store.commit([put('/x/b', '1')])))) < 3_500);
      assert.ok((await took(unavailable(store.list('/x/')))) < 4_500);
      assert.equal(await store.healthy(), false);
      assert.equal(await Promise.race([hanging, delay(10, 'hangs')]), 'hangs');
    } finally {
      etcd.thaw();
    }
    assert.ok((await took(() => committed(store, put('/x/c', '1')))) < 1_500);
    assert.equal(await store.healthy(), true);
  });

  it('S9: a watch that etcd does not even open is tried again', async () => {
    const start = await store.newestRevision();
    etcd.freeze();
    const watch = new WatchReader(store, '/x/', start);
    const events = watch.until(start + 1n);
    await delay(1_500);
    etcd.thaw();
    await committed(store, put('/x/a', '1'));
    assert.equal((await events).length, 1);
    await watch.close();
  });

  it('reads survive a connection that breaks under them', async () => {
    const revision = await committed(store, put('/x/a', '1'));
    for (let i = 0; i < 10; i += 1) {
      proxy.cut();
      assert.equal(say((await store.get('/x/a')).entry), `/x/a=1@${revision}`);
      assert.equal((await listed(store, '/x/')).entries.length, 1);
    }
  });

  it('calls work as soon as etcd is back; the circuit breaker of etcd3 by itself does not let them', async () => {
    await committed(store, put('/x/a', '1'));
    proxy.set('refuse');
    proxy.cut();
    for (let i = 0; i < 3; i += 1) await assert.rejects(async () => plain.get('/x'));
    await assert.rejects(store.get('/x/a'), StoreUnavailable);
    proxy.set('pass');
    await assert.rejects(async () => plain.get('/x'), /circuit|breaker/i);
    assert.ok((await took(() => store.get('/x/a'))) < 900);
  });

  it('S10: a list above 4 MiB works; etcd3 by itself refuses it', async () => {
    for (let i = 0; i < 60; i += 1) await committed(store, put(`/x/${i}`, Buffer.alloc(100_000, 'v')));
    await assert.rejects(async () => plain.getAll().prefix(`/test-${tests}/x/`), /RESOURCE_EXHAUSTED/);
    assert.equal((await listed(store, '/x/')).entries.length, 60);
  });

  it('S10: what is too large is refused as such and not written', async () => {
    await assert.rejects(store.commit([put('/x/a', Buffer.alloc(5 * 1024 * 1024))]), (error) => {
      assert.ok(error instanceof ValueTooLarge);
      assert.match(error.message, /^commit \/x\/a: larger than etcd takes/);
      return true;
    });
    assert.equal((await store.get('/x/a')).entry, undefined);
    await committed(store, put('/x/a', 'small'));
  });

  it('tells the cluster id, and that a store elsewhere has another one', async () => {
    const id = await store.clusterId();
    assert.match(id, /^[1-9][0-9]+$/);
    const other = await startEtcd();
    const elsewhere = new EtcdStore({ servers: [other.endpoint], prefix: '/test', log: silent, compactEveryMs: 0 });
    try {
      assert.notEqual(await elsewhere.clusterId(), id);
    } finally {
      await elsewhere.close();
      await other.stop();
    }
  });

  it('a server that is not there is StoreUnavailable with the reason', async () => {
    const nowhere = new EtcdStore({
      servers: ['http://127.0.0.1:1'],
      prefix: '/test',
      log: silent,
      callDeadlineMs: 300,
      compactEveryMs: 0,
    });
    await assert.rejects(nowhere.get('/x/a'), /get \/x\/a: etcd did not answer in 300 ms: .*UNAVAILABLE/);
    await assert.rejects(nowhere.commit([put('/x/a', '1')]), StoreUnavailable);
    await nowhere.close();
  });
});

describe('an etcd whose disk quota is used up', () => {
  it('refuses writes with its reason, and reads go on', async () => {
    const etcd = await startEtcd({ flags: ['--quota-backend-bytes=2097152'] });
    const store = new EtcdStore({ servers: [etcd.endpoint], prefix: '/test', log: silent, compactEveryMs: 0 });
    try {
      await committed(store, put('/x/a', '1'));
      const full = async () => {
        // etcd learns the size of its database only when it writes a batch of changes to disk, every 100 ms.
        for (let i = 0; i < 100; i += 1) {
          await committed(store, put(`/x/${i}`, Buffer.alloc(500_000)));
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      await assert.rejects(full(), (error) => {
        assert.ok(error instanceof StoreUnavailable);
        assert.match(error.message, /nothing was written, etcd refused: .*database space exceeded/);
        return true;
      });
      assert.equal(say((await store.get('/x/a')).entry).slice(0, 6), '/x/a=1');
    } finally {
      await store.close();
      await etcd.stop();
    }
  });
});
