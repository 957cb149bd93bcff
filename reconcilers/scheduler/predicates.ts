import type { Host, VirtualMachine } from '../../openapi/api.ts';
import { isConditionTrue } from '../../openapi/machine/conditions.ts';
import { demandOf } from '../../openapi/machine/demand.ts';
import { quantityMilliValue, quantityValue, tryParseQuantity } from '../../openapi/machinery/quantity.ts';
import { breaksSpread, hasUnwantedNeighbours, hasWantedNeighbours, type Neighbourhood } from './neighbours.ts';
import { matchesAnyTerm, matchesNodeSelector } from './node-selector.ts';
import { untolerated } from './taints.ts';

/** A host, and what machines on it have been promised: thousandths of a core, and bytes. */
export interface Candidate {
  readonly host: Host;
  readonly used: { readonly cpu: number; readonly memory: number };
}

/**
 * Why `machine` cannot run on this host, in the words that a person reads behind the number of such hosts; empty when it
 * can. What rules out a host as a whole is said alone; shortages of resources are all named.
 */
export function objections(machine: VirtualMachine, candidate: Candidate, around: Neighbourhood): string[] {
  const { host } = candidate;
  if (host.metadata.deletionTimestamp) return ['host(s) were being deleted'];
  if (!isConditionTrue(host.status?.conditions, 'Ready')) return ['host(s) were not ready'];
  if (host.spec?.unschedulable) return ['host(s) were unschedulable'];
  const { spec } = machine;
  const taint = untolerated(host.spec?.taints, spec.tolerations, ['NoSchedule', 'NoExecute']);
  if (taint) return [`host(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`];
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (
    !matchesNodeSelector(spec.nodeSelector, host) ||
    (required && !matchesAnyTerm(required.nodeSelectorTerms, host))
  ) {
    return ["host(s) didn't match the machine's node affinity/selector"];
  }
  if (!offersMachineType(machine, host)) {
    return [`host(s) didn't offer machine type ${spec.domain.machine?.type}`];
  }
  if (!hasWantedNeighbours(machine, host, around)) return ["host(s) didn't match the machine's affinity rules"];
  if (hasUnwantedNeighbours(machine, host, around)) return ["host(s) didn't satisfy anti-affinity rules"];
  if (breaksSpread(machine, host, around)) return ["host(s) didn't match topology spread constraints"];
  return shortages(machine, candidate);
}

/** Free resources in thousandths of a core and bytes. A host that has not said what it gives has nothing. */
export function freeOf({ host, used }: Candidate): { readonly cpu: number; readonly memory: number } {
  const cpu = tryParseQuantity(host.status?.allocatable?.cpu);
  const memory = tryParseQuantity(host.status?.allocatable?.memory);
  return {
    cpu: (cpu ? Number(quantityMilliValue(cpu)) : 0) - used.cpu,
    memory: (memory ? Number(quantityValue(memory)) : 0) - used.memory,
  };
}

function shortages(machine: VirtualMachine, candidate: Candidate): string[] {
  const demand = demandOf(machine);
  const free = freeOf(candidate);
  return [
    ...(demand.cpu > free.cpu ? ['Insufficient cpu'] : []),
    ...(demand.memory > free.memory ? ['Insufficient memory'] : []),
  ];
}

/** q35 and pc are QEMU's names for the newest of a family; a host may list the family's members only. */
const families: Readonly<Record<string, string>> = { q35: 'pc-q35-', pc: 'pc-i440fx-' };

function offersMachineType(machine: VirtualMachine, host: Host): boolean {
  const wanted = machine.spec.domain.machine?.type;
  const offered = host.status?.machineTypes;
  if (!wanted || !offered || offered.length === 0) return true;
  const family = families[wanted];
  return offered.some((type) => type === wanted || (family !== undefined && type.startsWith(family)));
}
