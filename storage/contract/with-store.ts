import type { Store } from '../store.ts';
import type { ContractSettings } from './fixture.ts';

/** Runs the body of a test with a store of its own. */
export function withStore(settings: ContractSettings) {
  return async (body: (store: Store) => Promise<void>): Promise<void> => {
    const { store, close } = await settings.make();
    try {
      await body(store);
    } finally {
      await close();
    }
  };
}
