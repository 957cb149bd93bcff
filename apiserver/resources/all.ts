import type { ResourceDefinition } from '../registry/resource.ts';
import { configmaps } from './configmaps/definition.ts';
import { events } from './events/definition.ts';
import { type HostParts, hosts } from './hosts/definition.ts';
import { leases } from './leases/definition.ts';
import { namespaces } from './namespaces/definition.ts';
import { persistentvolumeclaims } from './persistentvolumeclaims/definition.ts';
import { rbacKinds } from './rbac/definition.ts';
import { accessReviews, type ReviewAnswers } from './reviews/definition.ts';
import { secrets } from './secrets/definition.ts';
import { serviceaccounts } from './serviceaccounts/definition.ts';
import { virtualMachinePools } from './virtualmachinepools/definition.ts';
import { type VirtualMachineParts, virtualMachines } from './virtualmachines/definition.ts';

export interface ResourceParts {
  readonly machines: VirtualMachineParts;
  readonly hosts: HostParts;
  /** Undefined behind an APIService, where the cluster serves the kinds of Kubernetes itself. */
  readonly embedded: { readonly reviews: ReviewAnswers } | undefined;
}

/** Every resource that is served. */
export function allResources(parts: ResourceParts): readonly ResourceDefinition[] {
  const own = [virtualMachines(parts.machines), virtualMachinePools, hosts(parts.hosts)];
  if (parts.embedded === undefined) return own;
  return [
    ...own,
    namespaces,
    secrets,
    configmaps,
    serviceaccounts,
    persistentvolumeclaims,
    events,
    leases,
    ...rbacKinds,
    ...accessReviews(parts.embedded.reviews),
  ];
}
