import type { VirtualMachine, VirtualMachinePool, VirtualMachinePoolSpec } from '../../../openapi/api.ts';
import { sampleMachine } from '../../../openapi/machine/testing/sample-machine.ts';
import type { ObjectMeta } from '../../../openapi/machinery/object.ts';
import { ownedBy } from '../members.ts';

/** For tests: a pool named web that wants machines with app=web. */
export function samplePool(spec: Partial<VirtualMachinePoolSpec> = {}, metadata: ObjectMeta = {}): VirtualMachinePool {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachinePool',
    metadata: { name: 'web', namespace: 'default', uid: 'pool-uid', generation: 1, resourceVersion: '1', ...metadata },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: sampleMachine().spec },
      ...spec,
    },
    status: { replicas: 0 },
  };
}

/** A machine with app=web that nobody owns. */
export function loose(name: string, metadata: ObjectMeta = {}, status: VirtualMachine['status'] = {}): VirtualMachine {
  const machine = sampleMachine({}, status);
  return {
    ...machine,
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      labels: { app: 'web' },
      ...metadata,
    },
  };
}

/** One of the pool's. */
export function owned(name: string, metadata: ObjectMeta = {}, status: VirtualMachine['status'] = {}): VirtualMachine {
  return loose(name, { ownerReferences: [ownedBy(samplePool())], ...metadata }, status);
}

const lastTransitionTime = '2026-01-01T00:00:00Z';

/** The status of a machine whose guest runs. */
export const running: NonNullable<VirtualMachine['status']> = {
  phase: 'Running',
  nodeName: 'node-a',
  conditions: [{ type: 'Running', status: 'True', reason: 'Running', message: '', lastTransitionTime }],
};
