import { CacheAsStore, plainCodec } from '../contract/cache-as-store.ts';
import { storeContract } from '../contract/store-contract.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { WatchCache } from './watch-cache.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

storeContract(
  {
    name: 'the watch cache over the store in memory',
    watchesExpireWithCompaction: false,
    make: async () => {
      const memory = new MemoryStore();
      const cache = new WatchCache({ store: memory, codec: plainCodec, log: silent, patienceMs: 300 });
      cache.start();
      await cache.synced(AbortSignal.timeout(5_000));
      const store = new CacheAsStore(memory, cache);
      return { store, close: () => store.close() };
    },
  },
  30,
);
