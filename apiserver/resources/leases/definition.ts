import type { Lease } from '../../../openapi/api.ts';
import { type FieldError, field } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { coreDefinition } from '../core-definition.ts';
import { coreTable } from '../core-table.ts';

const leaseOf = (object: KubernetesObject) => object as unknown as Lease;

/** Leader election works by compare-and-swap on these, so an update names the version that it replaces. */
export const leases = coreDefinition({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  strategy: { unconditionalUpdate: false, validate: (object) => leaseErrors(leaseOf(object)) },
  table: coreTable({
    name: 'Holder',
    type: 'string',
    description: 'Who holds the lease.',
    cell: (object) => leaseOf(object).spec?.holderIdentity ?? '',
  }),
});

function leaseErrors({ spec = {} }: Lease): FieldError[] {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  return [
    ...(duration !== undefined && duration <= 0
      ? [field.invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0')]
      : []),
    ...(transitions !== undefined && transitions < 0
      ? [field.invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
      : []),
  ];
}
