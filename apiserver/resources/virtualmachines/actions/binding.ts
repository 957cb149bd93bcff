import { randomUUID } from 'node:crypto';
import type { Binding, Host, StatusCause, VirtualMachine } from '../../../../openapi/api.ts';
import { setCondition } from '../../../../openapi/machine/conditions.ts';
import { enterPhase, transitionError } from '../../../../openapi/machine/phases.ts';
import { decide } from '../../../../openapi/machine/power.ts';
import { withoutSettledRequests } from '../../../../openapi/machine/requests.ts';
import { errors } from '../../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../../openapi/machinery/object.ts';
import type { ActionSubresource } from '../../../registry/resource.ts';
import type { ResourceStore } from '../../../registry/store.ts';
import { type MachineParts, machineOf, VIRTUAL_MACHINES } from '../strategy.ts';

/**
 * A scheduler's decision. One transaction writes the host, a new boot and the host's reservation; where it cannot, the
 * answer is an immediate 409 whose causes say why, and nothing has changed.
 */
export function bindingAction(store: () => ResourceStore, parts: MachineParts): ActionSubresource {
  return {
    kind: 'action',
    name: 'binding',
    bodyKind: 'Binding',
    bodyGroup: 'torpor.dev',
    bodyVersion: 'v1alpha1',
    async run(object, body, context, options) {
      if (body === undefined) throw errors.badRequest('a binding needs a body with target.name, the host');
      const host = (body as unknown as Binding).target.name;
      const { name = '', namespace = '' } = object.metadata;
      const { uid } = body.metadata;
      if (uid && uid !== object.metadata.uid) {
        throw errors.conflict(
          VIRTUAL_MACHINES,
          name,
          `the binding is for uid ${uid}, the machine has ${object.metadata.uid}`,
        );
      }
      const bootID = randomUUID();
      const updated = await store().update(
        name,
        async (current) => {
          const machine = machineOf(current);
          const causes = [...machineCauses(machine, parts.now()), ...hostCauses(await parts.hostOf(host), host)];
          if (causes.length > 0) {
            throw errors.conflict(VIRTUAL_MACHINES, name, causes.map(({ message }) => message).join('; '), causes);
          }
          return bound(machine, host, bootID, parts.now()) as unknown as KubernetesObject;
        },
        'whole',
        context,
        { namespace, dryRun: options.dryRun, fieldManager: options.fieldManager, subresource: 'binding' },
      );
      return { status: 201, object: updated.object };
    },
  };
}

function machineCauses(machine: VirtualMachine, now: Date): StatusCause[] {
  const { nodeName, phase, nextStartTime } = machine.status ?? {};
  if (nodeName) return [{ reason: 'AlreadyBound', message: `the machine is bound to host ${nodeName}` }];
  const decision = decide(machine, now);
  if (decision.want === 'stop') return [{ reason: 'NotToRun', message: `the machine is not to run: ${decision.why}` }];
  if (nextStartTime !== undefined && Date.parse(nextStartTime) > now.getTime()) {
    return [{ reason: 'BackOff', message: `the machine is not started again before ${nextStartTime}` }];
  }
  const illegal = transitionError(phase ?? 'Pending', 'Preparing');
  return illegal === undefined ? [] : [{ reason: 'IllegalPhase', message: illegal, field: 'status.phase' }];
}

/** Capacity is judged where it is reserved; here stands what rules a host out whatever the machine needs. */
function hostCauses(host: Host | undefined, name: string): StatusCause[] {
  const field = 'target.name';
  if (host === undefined)
    return [{ reason: 'HostNotFound', message: `there is no host ${JSON.stringify(name)}`, field }];
  const ready = host.status?.conditions?.find(({ type }) => type === 'Ready');
  return [
    ...(ready?.status === 'True'
      ? []
      : [
          {
            reason: 'HostNotReady',
            message: `host ${name} is not ready: ${ready?.message ?? 'it has not reported'}`,
            field,
          },
        ]),
    ...(host.spec?.unschedulable === true
      ? [{ reason: 'HostUnschedulable', message: `host ${name} is cordoned (spec.unschedulable)`, field }]
      : []),
    ...(host.metadata.deletionTimestamp
      ? [{ reason: 'HostTerminating', message: `host ${name} is being deleted`, field }]
      : []),
  ];
}

function bound(machine: VirtualMachine, host: string, bootID: string, now: Date): VirtualMachine {
  const entered = enterPhase(machine.status ?? {}, 'Preparing', now);
  const conditions = setCondition(
    entered.conditions,
    { type: 'Scheduled', status: 'True', reason: 'Bound', message: `the machine was placed on host ${host}` },
    now,
  );
  const { nextStartTime: _passed, ...kept } = entered;
  // With the new boot known, the request that led to it has had its effect.
  const status = withoutSettledRequests({ ...kept, nodeName: host, bootID, conditions: [...conditions] }, now);
  return { ...machine, status };
}
