import type { VirtualMachine } from '../../../openapi/api.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { Cache } from '../../../storage/cache/cache.ts';
import { isSegment, keyOf, prefixOf } from '../../registry/keys.ts';
import type { MachineLookup } from './scope.ts';

const virtualmachines = { group: 'torpor.dev', plural: 'virtualmachines', namespaced: true };

/** Machines from the watch cache. Reads are linearizable: a launcher asks right after a binding that it was told of. */
export function storedMachines(cache: Cache<KubernetesObject, unknown>): MachineLookup {
  return {
    async machine(namespace, name) {
      if (!isSegment(namespace) || !isSegment(name)) return undefined;
      const outcome = await cache.get(keyOf(virtualmachines, namespace, name), { kind: 'newest' });
      return outcome.kind === 'found' ? (outcome.item.object as unknown as VirtualMachine) : undefined;
    },
    async machinesOn(node, namespace) {
      if (!isSegment(namespace)) return [];
      const outcome = await cache.list(prefixOf(virtualmachines, namespace), { show: { kind: 'newest' } });
      if (outcome.kind !== 'page') return [];
      return outcome.items
        .map(({ object }) => object as unknown as VirtualMachine)
        .filter(({ status }) => status?.nodeName === node);
    },
  };
}
