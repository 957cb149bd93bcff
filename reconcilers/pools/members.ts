import type { VirtualMachine, VirtualMachinePool } from '../../openapi/api.ts';
import { labelSelectorRequirements, matchesLabels } from '../../openapi/machinery/labels.ts';
import type { OwnerReference } from '../../openapi/machinery/object.ts';

/**
 * Which machines belong to a pool, by the rules that ReplicaSets have: a pure function.
 *
 * B1  A machine belongs to the controller that its owner references name, and to no other.
 * B2  A machine without a controller that the selector matches is adopted.
 * B3  A machine of the pool that the selector matches no more is let go.
 * B4  A pool that is being deleted neither adopts nor lets go; a machine that is being deleted is not adopted.
 */
export interface Members {
  /** Of the pool, those that are being deleted among them. */
  readonly own: readonly VirtualMachine[];
  readonly adopt: readonly VirtualMachine[];
  readonly release: readonly VirtualMachine[];
}

export function membersOf(pool: VirtualMachinePool, candidates: readonly VirtualMachine[]): Members {
  const selector = labelSelectorRequirements(pool.spec.selector);
  const going = Boolean(pool.metadata.deletionTimestamp);
  const own: VirtualMachine[] = [];
  const adopt: VirtualMachine[] = [];
  const release: VirtualMachine[] = [];
  for (const machine of candidates) {
    const { labels, deletionTimestamp } = machine.metadata;
    const matches = matchesLabels(selector, labels);
    const controller = controllerOf(machine);
    if (controller?.uid === pool.metadata.uid) {
      if (matches) own.push(machine);
      else if (!going) release.push(machine);
    } else if (!controller && matches && !going && !deletionTimestamp) {
      adopt.push(machine);
    }
  }
  return { own, adopt, release };
}

export function controllerOf({ metadata }: VirtualMachine): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** The reference that makes a machine the pool's. */
export function ownedBy({ metadata }: VirtualMachinePool): OwnerReference {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachinePool',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Index of machines: by the uid of their controller, and those without one by namespace. */
export const BY_CONTROLLER = 'controller';
export const nobodysIn = (namespace: string | undefined) => `nobody/${namespace ?? ''}`;

export function byController(machine: VirtualMachine): string[] {
  return [controllerOf(machine)?.uid ?? nobodysIn(machine.metadata.namespace)];
}
