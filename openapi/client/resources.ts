import type {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Event,
  Host,
  Lease,
  Namespace,
  PersistentVolumeClaim,
  Role,
  RoleBinding,
  Secret,
  ServiceAccount,
  VirtualMachine,
  VirtualMachinePool,
} from '../api.ts';
import type { ObjectMeta } from '../machinery/object.ts';

/** What an object of the API has at the least. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Where a kind lives. `object` exists for the compiler alone: it ties the resource to its type. */
export interface Resource<T extends ApiObject> {
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly object?: T;
}

function resource<T extends ApiObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced: boolean,
): Resource<T> {
  return { group, version, plural, kind, namespaced };
}

export const resources = {
  virtualMachinePools: resource<VirtualMachinePool>(
    'torpor.dev',
    'v1alpha1',
    'virtualmachinepools',
    'VirtualMachinePool',
    true,
  ),
  virtualMachines: resource<VirtualMachine>('torpor.dev', 'v1alpha1', 'virtualmachines', 'VirtualMachine', true),
  hosts: resource<Host>('torpor.dev', 'v1alpha1', 'hosts', 'Host', false),
  namespaces: resource<Namespace>('', 'v1', 'namespaces', 'Namespace', false),
  secrets: resource<Secret>('', 'v1', 'secrets', 'Secret', true),
  configMaps: resource<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap', true),
  serviceAccounts: resource<ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount', true),
  persistentVolumeClaims: resource<PersistentVolumeClaim>(
    '',
    'v1',
    'persistentvolumeclaims',
    'PersistentVolumeClaim',
    true,
  ),
  events: resource<Event>('', 'v1', 'events', 'Event', true),
  leases: resource<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease', true),
  roles: resource<Role>('rbac.authorization.k8s.io', 'v1', 'roles', 'Role', true),
  roleBindings: resource<RoleBinding>('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding', true),
  clusterRoles: resource<ClusterRole>('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false),
  clusterRoleBindings: resource<ClusterRoleBinding>(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterrolebindings',
    'ClusterRoleBinding',
    false,
  ),
} as const;

export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group ? `${group}/${version}` : version;
}

/** `/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines/web/console`. Every part is escaped. */
export function pathOf(
  resource: Resource<ApiObject>,
  at: { readonly namespace?: string | undefined; readonly name?: string; readonly subresource?: string } = {},
): string {
  const parts = [resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`];
  if (resource.namespaced && at.namespace) parts.push('namespaces', encodeURIComponent(at.namespace));
  parts.push(resource.plural);
  if (at.name !== undefined) parts.push(encodeURIComponent(at.name));
  if (at.subresource) parts.push(...at.subresource.split('/').map(encodeURIComponent));
  return parts.join('/');
}
