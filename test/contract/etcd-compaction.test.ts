import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { committed, put } from '../../storage/contract/fixture.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';

describe('compaction of a real etcd', () => {
  let etcd: TemporaryEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());

  it('forgets history older than two intervals, keeps what is younger than one, and is done once for all processes', async () => {
    const everyMs = 400;
    const compactions: string[] = [];
    const log = {
      warn: () => undefined,
      info: (fields: unknown) => {
        compactions.push(String((fields as { revision: string }).revision));
      },
    };
    const open = (): EtcdStore =>
      new EtcdStore({ servers: [etcd.endpoint], prefix: '/test', log: log as never, compactEveryMs: everyMs });
    const stores = [open(), open(), open()];
    const [store] = stores;
    assert.ok(store);
    const written: { revision: bigint; at: number }[] = [];
    let revision = 0n;
    const started = Date.now();
    while (Date.now() - started < 6 * everyMs) {
      const at = Date.now();
      revision = await committed(store, put('/x/a', String(written.length), revision));
      written.push({ revision, at });
      await delay(20);
    }
    const old = written.find(({ at }) => at - started < everyMs);
    assert.ok(old);
    assert.equal((await store.list('/x/', { revision: old.revision })).kind, 'expired');
    // Half an interval is safely younger than one, also on a busy machine.
    const asked = Date.now();
    const young = written.find(({ at }) => asked - at < everyMs / 2);
    if (young !== undefined) assert.equal((await store.list('/x/', { revision: young.revision })).kind, 'page');
    // Three processes, six intervals: about one compaction per interval and never the same revision twice.
    assert.ok(compactions.length >= 2 && compactions.length <= 7, `${compactions.length} compactions`);
    assert.equal(new Set(compactions).size, compactions.length);
    for (const each of stores) await each.close();
  });
});
