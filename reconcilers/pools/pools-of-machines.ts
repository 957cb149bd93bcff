import type { VirtualMachine, VirtualMachinePool } from '../../openapi/api.ts';
import { labelSelectorRequirements, matchesLabels } from '../../openapi/machinery/labels.ts';
import { keyOf } from '../../openapi/machinery/object.ts';
import { controllerOf } from './members.ts';

/**
 * Which pools must look again when a machine has changed: that of its controller, that of the controller that it had
 * before (a machine that is gone or was let go says nothing of it any more), and for a machine without a controller all
 * whose selector matches.
 */
export class PoolsOfMachines {
  readonly #pools: { list(): readonly VirtualMachinePool[] };
  /** Key of a machine → key of its pool. */
  readonly #last = new Map<string, string>();

  constructor(pools: { list(): readonly VirtualMachinePool[] }) {
    this.#pools = pools;
  }

  /** Keys of pools. `machine` is undefined when it is gone. */
  changed(key: string, machine: VirtualMachine | undefined): ReadonlySet<string> {
    const before = this.#last.get(key);
    const found = new Set(before === undefined ? [] : [before]);
    const controller = machine && controllerOf(machine);
    if (machine && controller?.kind === 'VirtualMachinePool') {
      const pool = `${machine.metadata.namespace}/${controller.name}`;
      this.#last.set(key, pool);
      return found.add(pool);
    }
    this.#last.delete(key);
    if (machine && !controller) for (const pool of this.#wanting(machine)) found.add(keyOf(pool));
    return found;
  }

  #wanting({ metadata }: VirtualMachine): readonly VirtualMachinePool[] {
    return this.#pools
      .list()
      .filter(
        (pool) =>
          pool.metadata.namespace === metadata.namespace &&
          matchesLabels(labelSelectorRequirements(pool.spec.selector), metadata.labels),
      );
  }
}
