import type { Host, MachineLive, VirtualMachine } from '../../../openapi/api.ts';
import { transitionError } from '../../../openapi/machine/phases.ts';
import { withoutSettledRequests } from '../../../openapi/machine/requests.ts';
import { initialStatus, statusAfterStrategyChange } from '../../../openapi/machine/verbs.ts';
import { errors, type FieldError, field } from '../../../openapi/machinery/errors.ts';
import { subdomainErrors } from '../../../openapi/machinery/names.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { Store } from '../../../storage/store.ts';
import type { Strategy } from '../../registry/resource.ts';
import { reserve } from './reservation.ts';
import { validateMachine } from './validation.ts';

/** Keeps a machine until its host has forgotten it. */
export const MACHINE_FINALIZER = 'torpor.dev/machine';

export const VIRTUAL_MACHINES = { group: 'torpor.dev', plural: 'virtualmachines' } as const;

export interface MachineParts {
  readonly store: Store;
  readonly now: () => Date;
  /** The newest state of a host. */
  hostOf(name: string): Promise<Host | undefined>;
  /** Values of this moment; null when this server has no connection to the machine's host. */
  liveOf(machine: VirtualMachine): MachineLive | null;
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
    prepareForCreate(object) {
      const { metadata } = object;
      const finalizers = metadata.finalizers ?? [];
      if (!finalizers.includes(MACHINE_FINALIZER)) metadata.finalizers = [...finalizers, MACHINE_FINALIZER];
      object.status = initialStatus(machineOf(object), parts.now());
    },
    prepareForUpdate(object, old) {
      const machine = machineOf(object);
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
    validateStatusUpdate: (object, old) => statusErrors(machineOf(object), machineOf(old)),
    decorate(object) {
      object.status = { ...(object.status as object | undefined), live: parts.liveOf(machineOf(object)) };
    },
    async alongside(object, old) {
      const next = object && machineOf(object);
      const reserved = await reserve(parts.store, next, old && machineOf(old), parts.hostOf);
      if (reserved.kind === 'changes') return reserved.changes;
      const why = reserved.causes.map(({ message }) => message).join('; ');
      throw errors.conflict(VIRTUAL_MACHINES, object?.metadata.name ?? '', why, reserved.causes);
    },
    selectableFields: {
      'status.nodeName': (object) => machineOf(object).status?.nodeName ?? '',
      'status.phase': (object) => machineOf(object).status?.phase ?? '',
    },
  };
}

export function machineOf(object: KubernetesObject): VirtualMachine {
  return object as unknown as VirtualMachine;
}

/** What only the binding may write, and which phase may follow which. */
function statusErrors(machine: VirtualMachine, old: VirtualMachine): FieldError[] {
  const { phase, nodeName = '', bootID = '' } = machine.status ?? {};
  const before = old.status ?? {};
  const problems: FieldError[] = [];
  if (phase === undefined) {
    if (before.phase !== undefined) problems.push(field.required('status.phase', 'a machine keeps having a phase'));
  } else {
    const why = transitionError(before.phase, phase);
    if (why !== undefined) problems.push(field.invalid('status.phase', phase, why));
  }
  if (nodeName !== '' && nodeName !== (before.nodeName ?? '')) {
    problems.push(
      field.invalid('status.nodeName', nodeName, 'a machine gets its host through the binding subresource'),
    );
  }
  if (bootID !== '' && bootID !== (before.bootID ?? '')) {
    problems.push(field.invalid('status.bootID', bootID, 'a boot begins with the binding subresource'));
  }
  if ((nodeName === '') !== (bootID === '')) {
    problems.push(field.invalid('status.bootID', bootID, 'must be set exactly when status.nodeName is'));
  }
  return problems;
}
