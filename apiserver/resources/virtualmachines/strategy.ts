import type { Host, VirtualMachine } from '../../../openapi/api.ts';
import { allPhases } from '../../../openapi/machine/phases.ts';
import { withoutSettledRequests } from '../../../openapi/machine/requests.ts';
import {
  dormantFieldWarnings,
  statusUpdateErrors,
  updateErrors,
  validateMachine,
} from '../../../openapi/machine/validate.ts';
import { initialStatus, statusAfterStrategyChange } from '../../../openapi/machine/verbs.ts';
import { errors } from '../../../openapi/machinery/errors.ts';
import { subdomainErrors } from '../../../openapi/machinery/names.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { Store } from '../../../storage/store.ts';
import { specChanged } from '../../registry/compare.ts';
import type { Strategy } from '../../registry/resource.ts';
import { reserve } from './reservation.ts';

/** Keeps a machine until its host has forgotten it. */
export const MACHINE_FINALIZER = 'torpor.dev/machine';

export const VIRTUAL_MACHINES = { group: 'torpor.dev', plural: 'virtualmachines' } as const;

export interface MachineParts {
  readonly store: Store;
  readonly now: () => Date;
  /** The newest state of a host. */
  hostOf(name: string): Promise<Host | undefined>;
  /** Sets status.live of a machine, in the caller's own copy. */
  mergeLive(object: KubernetesObject): void;
}

/** A machine's name is its guest's host name, where 63 characters are the limit. */
function machineNameErrors(name: string): string[] {
  const problems = subdomainErrors(name);
  return name.length > 63 ? [...problems, 'must be no more than 63 bytes'] : problems;
}

export function virtualMachineStrategy(parts: MachineParts): Strategy {
  return {
    hasStatus: true,
    validateName: machineNameErrors,
    prepareForCreate(object, context) {
      context.warnings.push(...dormantFieldWarnings(machineOf(object).spec));
      const { metadata } = object;
      holdOn(metadata);
      object.status = initialStatus(machineOf(object), parts.now());
    },
    prepareForUpdate(object, old, context) {
      const machine = machineOf(object);
      // A manifest that replaces the object does not list it. Only a deletion that has begun lets it be taken away.
      if (old.metadata.deletionTimestamp === undefined) holdOn(object.metadata);
      // Who changes a label or takes a finalizer away has nothing to do with what stands in spec.
      if (specChanged(object, old, true)) context.warnings.push(...dormantFieldWarnings(machine.spec));
      const before = machineOf(old);
      const from = before.spec.runStrategy ?? 'Always';
      const to = machine.spec.runStrategy ?? 'Always';
      if (from === to) return;
      object.status = statusAfterStrategyChange(machine.status ?? {}, from, to, parts.now());
    },
    prepareForStatusUpdate(object) {
      const { status } = machineOf(object);
      if (status === undefined) return;
      const { live: _neverStored, ...kept } = status;
      object.status = withoutSettledRequests(kept, parts.now());
    },
    validate: (object) => validateMachine(machineOf(object)),
    validateUpdate: (object, old) => updateErrors(machineOf(object), machineOf(old)),
    validateStatusUpdate: (object, old) => statusUpdateErrors(machineOf(object), machineOf(old)),
    decorate: (object) => parts.mergeLive(object),
    // A machine that no node holds has no live values.
    isDecorated: (object) => Boolean(machineOf(object).status?.nodeName),
    async alongside(object, old) {
      const next = object && machineOf(object);
      const reserved = await reserve(parts.store, next, old && machineOf(old), parts.hostOf);
      if (reserved.kind === 'changes') return reserved.changes;
      const why = reserved.causes.map(({ message }) => message).join('; ');
      throw errors.conflict(VIRTUAL_MACHINES, object?.metadata.name ?? '', why, reserved.causes);
    },
    progress: {
      phases: allPhases,
      phaseOf: (object) => machineOf(object).status?.phase ?? '',
      explain: (object) => whereItHangs(machineOf(object)),
    },
    selectableFields: {
      'spec.runStrategy': (object) => machineOf(object).spec.runStrategy ?? 'Always',
      'status.nodeName': (object) => machineOf(object).status?.nodeName ?? '',
      'status.phase': (object) => machineOf(object).status?.phase ?? '',
    },
  };
}

function holdOn(metadata: KubernetesObject['metadata']): void {
  const finalizers = metadata.finalizers ?? [];
  if (!finalizers.includes(MACHINE_FINALIZER)) metadata.finalizers = [...finalizers, MACHINE_FINALIZER];
}

export function machineOf(object: KubernetesObject): VirtualMachine {
  return object as unknown as VirtualMachine;
}

/** The phase, the stage within it, and what conditions say is missing. */
function whereItHangs(machine: VirtualMachine): string {
  const { phase = 'Pending', message, conditions = [], live } = machine.status ?? {};
  const missing = conditions.filter(({ status }) => status === 'False').map((one) => `${one.type}: ${one.message}`);
  const stage = live?.stage ? [live.message ? `${live.stage}: ${live.message}` : live.stage] : [];
  const why = [...stage, ...missing, ...(message ? [message] : [])];
  return `it is ${phase}${why.length > 0 ? ` (${why.join('; ')})` : ''}`;
}
