import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { committed, put, remove, say } from '../../storage/contract/fixture.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { StoreUnavailable } from '../../storage/store.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';

const silent = { info: () => undefined, warn: () => undefined };

/** S3 against a real etcd behind a proxy that loses answers; beside each case what etcd3 does by itself. */
describe('writes whose answer is lost', () => {
  let etcd: TemporaryEtcd;
  let proxy: TcpProxy;
  let store: EtcdStore;
  let direct: EtcdStore;
  let plain: Etcd3;
  let tests = 0;

  const open = (endpoint: string): EtcdStore =>
    new EtcdStore({
      servers: [endpoint],
      prefix: `/test-${tests}`,
      log: silent,
      callDeadlineMs: 1_000,
      compactEveryMs: 0,
    });
  /** Answers are lost for 300 ms, then the connection breaks and all is well. */
  const loseAnswers = async (): Promise<void> => {
    proxy.set('mute');
    await delay(300);
    proxy.set('pass');
    proxy.cut();
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

  it('etcd3 by itself reports its own create as a conflict', async () => {
    await plain.get('/warm');
    const fault = loseAnswers();
    const key = `/plain-${tests}`;
    const outcome = await plain.if(key, 'Version', '==', 0).then(plain.put(key).value('mine')).commit();
    await fault;
    assert.equal(outcome.succeeded, false);
    assert.equal(await plain.get(key).string(), 'mine');
  });

  it('S3: a create, an update and a removal are reported as what they were', async () => {
    const first = await committed(store, put('/x/a', '1'));
    let fault = loseAnswers();
    const second = await committed(store, put('/x/b', 'mine'));
    await fault;
    assert.equal(say((await direct.get('/x/b')).entry), `/x/b=mine@${second}`);
    fault = loseAnswers();
    const third = await committed(store, put('/x/a', '2', first));
    await fault;
    assert.equal(say((await direct.get('/x/a')).entry), `/x/a=2@${third}`);
    fault = loseAnswers();
    const fourth = await committed(store, remove('/x/a', third));
    await fault;
    assert.equal((await direct.get('/x/a')).entry, undefined);
    assert.ok(fourth > third);
  });

  it('S3: also when others have written much since, to the same key too', async () => {
    const first = await committed(store, put('/x/a', '1'));
    proxy.set('mute');
    const lost = store.commit([put('/x/a', 'mine', first)]);
    await delay(150);
    let revision = (await direct.get('/x/a')).entry?.revision ?? 0n;
    const mine = revision;
    assert.ok(mine > first);
    for (let i = 0; i < 30; i += 1) revision = await committed(direct, put('/x/a', `later ${i}`, revision));
    proxy.set('pass');
    proxy.cut();
    assert.deepEqual(await lost, { kind: 'committed', revision: mine });
  });

  it('S3: a conflict whose answer is lost is reported as a conflict', async () => {
    await committed(store, put('/x/a', '1'));
    const theirs = await committed(direct, put('/x/b', 'theirs'));
    const fault = loseAnswers();
    const outcome = await store.commit([put('/x/b', 'mine')]);
    await fault;
    assert.ok(outcome.kind === 'conflict' && say(outcome.current) === `/x/b=theirs@${theirs}`);
  });

  it('S3: a request that never arrived is made again, once', async () => {
    await committed(store, put('/x/a', '1'));
    proxy.set('deaf', true);
    const commit = store.commit([put('/x/b', 'mine')]);
    await delay(200);
    proxy.cut();
    const outcome = await commit;
    assert.equal(outcome.kind, 'committed');
    assert.equal(
      say((await direct.get('/x/b')).entry),
      `/x/b=mine@${outcome.kind === 'committed' && outcome.revision}`,
    );
  });

  /** Sends a create whose bytes the proxy holds back, and gives up on it. The bytes can be let through later. */
  const holdBack = async (write: () => Promise<unknown>): Promise<void> => {
    proxy.set('hold', true);
    const started = write();
    // The request is well below 1 kB; gRPC may send it in several pieces.
    while (proxy.held < 100) await delay(10);
    await delay(100);
    // Keep what was held; a cancellation that the client sends after its deadline must not get through.
    proxy.set('deaf', true);
    await started;
  };

  it('without the fence a write that was given up comes back to life', async () => {
    await direct.get('/x/a');
    const bare = new Etcd3({ hosts: proxy.endpoint, faultHandling: { global: onceOnly, host: () => onceOnly } });
    const key = Buffer.from(`/test-${tests}/x/zombie`);
    const create = () =>
      bare.kv.txn(
        {
          compare: [{ key, target: 'Mod', result: 'Equal', mod_revision: '0' }],
          success: [{ request_put: { key, value: Buffer.from('zombie') } }],
        },
        { deadline: Date.now() + 1_000 },
      );
    await bare.kv.range({ key });
    await holdBack(() => assert.rejects(create()));
    bare.close();
    assert.equal((await direct.get('/x/zombie')).entry, undefined);
    proxy.release();
    for (let i = 0; i < 100 && (await direct.get('/x/zombie')).entry === undefined; i += 1) await delay(30);
    assert.equal((await direct.get('/x/zombie')).entry?.value.toString(), 'zombie');
  });

  it('S3: with it, it cannot', async () => {
    await committed(store, put('/x/a', '1'));
    let outcome = 0n;
    await holdBack(async () => {
      outcome = await committed(store, put('/x/zombie', 'mine'));
    });
    await committed(direct, remove('/x/zombie', outcome));
    proxy.release();
    await delay(500);
    assert.equal((await direct.get('/x/zombie')).entry, undefined);
    // And the fence does not stand in the way of those who did not see it move.
    await committed(direct, put('/x/b', '1'));
    await committed(store, put('/x/c', '1'));
  });

  it('S3, S9: when nobody can tell, it says so in time', async () => {
    await committed(store, put('/x/a', '1'));
    proxy.set('deaf');
    const started = Date.now();
    await assert.rejects(store.commit([put('/x/b', '1')]), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /^commit \/x\/b: it is not known whether this was written: /);
      return true;
    });
    assert.ok(Date.now() - started < 4_000, `${Date.now() - started} ms`);
  });

  it('S3: many writers through a connection that breaks all the time: every answer is true', async () => {
    await committed(store, put('/x/start', '1'));
    const stop = new AbortController();
    const saboteur = (async () => {
      while (!stop.signal.aborted) {
        proxy.set('mute');
        await delay(20);
        proxy.set('pass');
        proxy.cut();
        await delay(200);
      }
    })();
    const counts = await Promise.all(
      [1, 2, 3, 4].map(async (writer) => {
        let [sum, revision] = [0, 0n];
        for (let i = 0; i < 25; i += 1) {
          const outcome = await store.commit([put(`/x/${writer}`, String(sum + 1), revision)]);
          assert.equal(outcome.kind, 'committed', 'a single writer can have no conflict');
          if (outcome.kind === 'committed') [sum, revision] = [sum + 1, outcome.revision];
        }
        return [sum, revision] as const;
      }),
    );
    stop.abort();
    await saboteur;
    for (const [i, [sum, revision]] of counts.entries()) {
      assert.equal(say((await direct.get(`/x/${i + 1}`)).entry), `/x/${i + 1}=${sum}@${revision}`);
    }
  });
});

const onceOnly = {
  _altReturn: undefined as never,
  onSuccess: () => ({ dispose: () => undefined }),
  onFailure: () => ({ dispose: () => undefined }),
  execute: async <T>(call: (context: { signal: AbortSignal }) => PromiseLike<T> | T): Promise<T> =>
    call({ signal: new AbortController().signal }),
};
