import type { VirtualMachine, VirtualMachinePool } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import { resources } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import { generateName } from '../../openapi/machinery/names.ts';
import { controllerOf } from './members.ts';
import { machineFrom, namePrefix } from './template.ts';

/**
 * Makes machines of pools, each once.
 *
 * T1  A create whose answer was lost may have happened: the next one of the pool is sent under the same name, and a
 *     machine of the pool that stands there is that one.
 * T2  A name that something else has is drawn again.
 * T3  A create that was refused is tried again under the same name, so that the refusal reads the same each time.
 */
export class Births {
  readonly #client: Client;
  /** Names under which nothing was made as far as we know, by the pool's uid (T1, T3). */
  readonly #tried = new Map<string, Set<string>>();

  constructor(client: Client) {
    this.#client = client;
  }

  async make(pool: VirtualMachinePool, signal: AbortSignal): Promise<VirtualMachine> {
    for (;;) {
      const tried = this.#takeTried(pool);
      const name = tried ?? generateName(namePrefix(pool));
      try {
        return await this.#client.create(resources.virtualMachines, machineFrom(pool, name), { signal });
      } catch (error) {
        if (!isError(error, 'alreadyExists')) {
          this.#remember(pool, name);
          throw error;
        }
      }
      const there = tried === undefined ? undefined : await this.#there(pool, name, signal);
      if (there) return there;
    }
  }

  forget(uid: string): void {
    this.#tried.delete(uid);
  }

  #takeTried({ metadata }: VirtualMachinePool): string | undefined {
    const names = this.#tried.get(metadata.uid ?? '') ?? new Set<string>();
    const [first] = [...names].sort();
    if (first !== undefined) names.delete(first);
    return first;
  }

  #remember({ metadata }: VirtualMachinePool, name: string): void {
    const { uid = '' } = metadata;
    const names = this.#tried.get(uid);
    if (names) names.add(name);
    else this.#tried.set(uid, new Set([name]));
  }

  /** The machine under the name if it is this pool's and stays. */
  async #there(pool: VirtualMachinePool, name: string, signal: AbortSignal): Promise<VirtualMachine | undefined> {
    const { namespace, uid } = pool.metadata;
    try {
      const machine = await this.#client.get(resources.virtualMachines, { namespace, name }, { signal });
      return controllerOf(machine)?.uid === uid && !machine.metadata.deletionTimestamp ? machine : undefined;
    } catch (error) {
      if (isError(error, 'notFound')) return undefined;
      this.#remember(pool, name);
      throw error;
    }
  }
}
