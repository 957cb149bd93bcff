import { storeContract } from '../contract/store-contract.ts';
import { MemoryStore } from './memory-store.ts';

storeContract(
  {
    name: 'the store in memory',
    watchesExpireWithCompaction: true,
    make: async () => {
      const store = new MemoryStore();
      return { store, close: () => store.close() };
    },
  },
  50,
);
