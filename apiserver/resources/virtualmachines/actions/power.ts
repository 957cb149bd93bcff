import { randomUUID } from 'node:crypto';
import type { RestartOptions, StartOptions, StopOptions, VirtualMachine } from '../../../../openapi/api.ts';
import { restart, start, stop, type VerbContext, type VerbOutcome } from '../../../../openapi/machine/verbs.ts';
import { errors } from '../../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../../openapi/machinery/object.ts';
import type { ActionSubresource } from '../../../registry/resource.ts';
import type { ResourceStore } from '../../../registry/store.ts';
import { machineOf, VIRTUAL_MACHINES } from '../strategy.ts';

/** start, stop and restart. What they write stands in openapi/machine/verbs.ts; here it becomes one compare-and-swap. */
export function powerActions(store: () => ResourceStore, now: () => Date): readonly ActionSubresource[] {
  const action = (
    name: string,
    bodyKind: string,
    verb: (machine: VirtualMachine, context: VerbContext, body: KubernetesObject | undefined) => VerbOutcome,
  ): ActionSubresource => ({
    kind: 'action',
    name,
    bodyKind,
    bodyGroup: 'torpor.dev',
    bodyVersion: 'v1alpha1',
    async run(object, body, context, options) {
      const { name: machineName = '', namespace = '' } = object.metadata;
      const { idempotencyKey } = (body ?? {}) as Partial<StartOptions>;
      // One identity for all attempts of this call.
      const id = randomUUID();
      const updated = await store().update(
        machineName,
        (current) => {
          const outcome = verb(machineOf(current), { now: now(), id, idempotencyKey }, body);
          switch (outcome.kind) {
            case 'changed':
              return outcome.machine as unknown as KubernetesObject;
            case 'unchanged':
              return current;
            case 'refused':
              throw errors.conflict(VIRTUAL_MACHINES, machineName, outcome.message);
            default:
              return outcome satisfies never;
          }
        },
        'whole',
        context,
        { namespace, dryRun: options.dryRun, fieldManager: options.fieldManager, subresource: name },
      );
      return { status: 200, object: updated.object };
    },
  });
  return [
    action('start', 'StartOptions', (machine, context) => start(machine, context)),
    action('stop', 'StopOptions', (machine, context, body) =>
      stop(machine, context, (body as unknown as StopOptions | undefined)?.gracePeriod),
    ),
    action('restart', 'RestartOptions', (machine, context, body) =>
      restart(machine, context, (body as unknown as RestartOptions | undefined)?.gracePeriodSeconds),
    ),
  ];
}
