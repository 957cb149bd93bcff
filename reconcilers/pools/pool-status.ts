import type { VirtualMachine, VirtualMachinePool, VirtualMachinePoolStatus } from '../../openapi/api.ts';
import { isConditionTrue, removeCondition, setCondition } from '../../openapi/machine/conditions.ts';
import { formatLabelSelector, labelSelectorRequirements } from '../../openapi/machinery/labels.ts';
import { TEMPLATE_HASH, templateHash } from './template.ts';

/** What could not be done, for the condition ReplicaFailure. */
export interface Failure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

const FAILURE = 'ReplicaFailure';

/** The status of a pool with these machines, those that are being deleted left out: a pure function. */
export function statusOf(
  pool: VirtualMachinePool,
  machines: readonly VirtualMachine[],
  failure: Failure | undefined,
  now: Date,
): VirtualMachinePoolStatus {
  const { metadata, spec, status = {} } = pool;
  const hash = templateHash(spec.template);
  const count = (is: (machine: VirtualMachine) => boolean) => machines.filter(is).length;
  const conditions = failure
    ? setCondition(status.conditions, { type: FAILURE, status: 'True', ...failure }, now)
    : removeCondition(status.conditions, FAILURE);
  const { conditions: _before, ...kept } = status;
  return {
    ...kept,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    replicas: machines.length,
    readyReplicas: count((machine) => isConditionTrue(machine.status?.conditions, 'Running')),
    updatedReplicas: count((machine) => machine.metadata.labels?.[TEMPLATE_HASH] === hash),
    labelSelector: formatLabelSelector(labelSelectorRequirements(spec.selector) ?? []),
    templateHash: hash,
    ...(conditions.length > 0 ? { conditions: [...conditions] } : {}),
  };
}
