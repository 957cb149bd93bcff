import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { committed, put, WatchReader } from '../../storage/contract/fixture.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { readEtcdTls } from '../../storage/etcd/options.ts';
import { type EtcdCluster, startEtcdCluster } from '../harness/etcd-cluster.ts';

describe('a store on three members', () => {
  let etcd: EtcdCluster;
  const warnings: string[] = [];
  const log = {
    info: () => undefined,
    warn: (about: unknown) => {
      warnings.push(JSON.stringify(about));
    },
  };
  const open = async (servers: readonly string[]) => {
    const { ca, cert, key } = etcd.files;
    const tls = await readEtcdTls({ caFile: ca, certFile: cert, keyFile: key });
    if (tls === undefined) throw new Error('the files were given');
    return new EtcdStore({ servers, prefix: '/test', log, tls, compactEveryMs: 0 });
  };
  before(async () => {
    etcd = await startEtcdCluster();
  });
  after(async () => {
    await etcd?.stop();
  });

  it('N2: a watch at a member that lost its leader is ended by it, and goes on without a gap', async () => {
    const [first, ...others] = etcd.members;
    if (first === undefined) throw new Error('there are three members');
    const lone = await open([`https://127.0.0.1:${first.port}`]);
    const whole = await open(etcd.endpoints);
    const watch = new WatchReader(lone, '/', await lone.newestRevision());
    await watch.until(await committed(whole, put('/x/a', '1')));
    const coming = watch.next();
    for (const member of others) member.freeze();
    try {
      for (const end = Date.now() + 30_000; !warnings.some((line) => /no leader/.test(line)); await delay(50)) {
        assert.ok(Date.now() < end, warnings.join('\n'));
      }
    } finally {
      for (const member of others) member.thaw();
    }
    let revision = 0n;
    for (let attempt = 0; revision === 0n; attempt += 1) {
      revision = await committed(whole, put('/x/b', '1')).catch((error: unknown) => {
        if (attempt > 10) throw error;
        return 0n;
      });
    }
    let batch = await coming;
    while (batch.kind === 'progress') batch = await watch.next();
    assert.deepEqual(
      batch.kind === 'events' && batch.events.map((event) => (event.kind === 'put' ? event.entry.key : 'removed')),
      ['/x/b'],
    );
    assert.equal(batch.kind === 'events' && batch.revision, revision);
    await watch.close();
    await Promise.all([lone.close(), whole.close()]);
  });

  it('M1: reads go on at once when one member of three does not answer', async () => {
    const store = await open(etcd.endpoints);
    await store.newestRevision();
    for (const { proxy } of etcd.members) {
      proxy.set('deaf');
      // The first may be asked of that member; those after it are not.
      await store.newestRevision();
      const began = performance.now();
      for (let i = 0; i < 50; i += 1) await store.newestRevision();
      assert.ok(performance.now() - began < 2_000);
      proxy.set('pass');
      proxy.cut();
    }
    await store.close();
  });
});
