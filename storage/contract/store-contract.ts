import type { ContractSettings } from './fixture.ts';
import { listsContract } from './lists.ts';
import { modelContract } from './model.ts';
import { watchesContract } from './watches.ts';
import { writesContract } from './writes.ts';

/** The whole contract of storage/store.ts, rule by rule, for one implementation. */
export function storeContract(settings: ContractSettings, modelRuns: number): void {
  writesContract(settings);
  listsContract(settings);
  watchesContract(settings);
  modelContract(settings, modelRuns);
}
