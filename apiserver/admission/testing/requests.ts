import type { KubernetesObject, ObjectMeta } from '../../../openapi/machinery/object.ts';
import type { AdmissionRequest } from '../request.ts';

/** What tests of admission ask about. */
export const machine = (metadata: Partial<ObjectMeta> = {}, spec: object = {}): KubernetesObject => ({
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'VirtualMachine',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec,
});

export function admissionRequest(more: Partial<AdmissionRequest>): AdmissionRequest {
  return {
    operation: 'CREATE',
    kind: { group: 'torpor.dev', version: 'v1alpha1', kind: 'VirtualMachine' },
    resource: { group: 'torpor.dev', version: 'v1alpha1', resource: 'virtualmachines' },
    subresource: '',
    namespace: 'default',
    name: 'web',
    object: machine(),
    old: undefined,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    dryRun: false,
    user: { name: 'anna', groups: ['staff', 'system:authenticated'], extra: {} },
    signal: AbortSignal.timeout(10_000),
    warnings: [],
    annotate: () => undefined,
    ...more,
  };
}
