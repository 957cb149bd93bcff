import { after, before } from 'node:test';
import { WatchCache } from '../../storage/cache/watch-cache.ts';
import { CacheAsStore, plainCodec } from '../../storage/contract/cache-as-store.ts';
import { storeContract } from '../../storage/contract/store-contract.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
let etcd: TemporaryEtcd;
let stores = 0;

/** Each test has a prefix of its own; compaction is of the whole etcd, which is why the tests run one after another. */
function open(): EtcdStore {
  stores += 1;
  return new EtcdStore({ servers: [etcd.endpoint], prefix: `/test-${stores}`, log: silent, compactEveryMs: 0 });
}

before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());

storeContract(
  {
    name: 'etcd',
    watchesExpireWithCompaction: true,
    make: async () => {
      const store = open();
      return { store, close: () => store.close() };
    },
  },
  20,
);

storeContract(
  {
    name: 'the watch cache over etcd',
    watchesExpireWithCompaction: false,
    make: async () => {
      const inner = open();
      const cache = new WatchCache({ store: inner, codec: plainCodec, log: silent, patienceMs: 1_000 });
      cache.start();
      await cache.synced(AbortSignal.timeout(10_000));
      const store = new CacheAsStore(inner, cache);
      return { store, close: () => store.close() };
    },
  },
  10,
);
