import type { VirtualMachine } from '../../openapi/api.ts';
import { isConditionTrue } from '../../openapi/machine/conditions.ts';

/**
 * Which machines go when a pool shrinks: those without a host first, then those whose guest does not run, then the newest.
 * The order does not depend on the order of `machines`.
 */
export function firstToGo(machines: readonly VirtualMachine[], count: number): readonly VirtualMachine[] {
  return machines.toSorted(before).slice(0, Math.max(0, count));
}

function before(a: VirtualMachine, b: VirtualMachine): number {
  return worth(a) - worth(b) || madeAt(b) - madeAt(a) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);
}

function worth({ status }: VirtualMachine): number {
  if (!status?.nodeName) return 0;
  return isConditionTrue(status.conditions, 'Running') ? 2 : 1;
}

const madeAt = ({ metadata }: VirtualMachine): number => Date.parse(metadata.creationTimestamp ?? '') || 0;
