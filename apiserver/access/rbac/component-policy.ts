import type { PolicyRule } from './rules.ts';
import { type Binding, fixedSource, type Role, type RulesSource } from './source.ts';

/**
 * Rules that hold whatever is stored: what everybody may do, and what our own parts need. The roles that people bind
 * others to are stored (resources/rbac/default-roles.ts). Launchers are not here: what they may do depends on their node
 * (launchers/scope.ts).
 */
const read = ['get', 'list', 'watch'];
const torpor = ['torpor.dev'];
const core = [''];

const discoveryPaths = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/openapi',
  '/openapi/*',
  '/swagger-2.0.0.pb-v1',
  '/version',
  '/version/',
];
const healthPaths = ['/healthz', '/livez', '/readyz'];

const machineKinds = ['virtualmachines', 'virtualmachinepools', 'virtualmachinemigrations', 'virtualmachinesnapshots'];
/** Placement, restarts, finalizers, claims, what is left of namespaces and owners, and the election of a leader. */
const reconcilerRules: readonly PolicyRule[] = [
  {
    apiGroups: torpor,
    resources: machineKinds,
    verbs: [...read, 'create', 'update', 'patch', 'delete', 'deletecollection'],
  },
  {
    apiGroups: torpor,
    resources: [...machineKinds.map((kind) => `${kind}/status`), 'virtualmachinepools/scale', 'hosts/status'],
    verbs: ['get', 'update', 'patch'],
  },
  { apiGroups: torpor, resources: ['virtualmachines/binding'], verbs: ['create'] },
  { apiGroups: torpor, resources: ['hosts'], verbs: read },
  {
    apiGroups: core,
    resources: ['persistentvolumeclaims', 'persistentvolumeclaims/status'],
    verbs: [...read, 'update', 'patch'],
  },
  { apiGroups: core, resources: ['namespaces'], verbs: [...read, 'update', 'patch'] },
  { apiGroups: core, resources: ['namespaces/finalize', 'namespaces/status'], verbs: ['get', 'update', 'patch'] },
  { apiGroups: core, resources: ['events'], verbs: ['create', 'update', 'patch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...read, 'create', 'update', 'patch'] },
  {
    apiGroups: ['', 'coordination.k8s.io', 'rbac.authorization.k8s.io'],
    resources: [
      'secrets',
      'configmaps',
      'serviceaccounts',
      'persistentvolumeclaims',
      'events',
      'leases',
      'roles',
      'rolebindings',
    ],
    // Patches of theirs may only let go of owners and finalizers (access/components.ts).
    verbs: ['list', 'patch', 'delete', 'deletecollection'],
  },
];

const role = (name: string, rules: readonly PolicyRule[]): Role => ({ metadata: { name }, rules });

export const fixedRoles: readonly Role[] = [
  role('system:discovery', [{ nonResourceURLs: [...discoveryPaths, ...healthPaths], verbs: ['get'] }]),
  role('system:public-info-viewer', [{ nonResourceURLs: ['/version', '/version/', ...healthPaths], verbs: ['get'] }]),
  role('system:basic-user', [
    {
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      verbs: ['create'],
    },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ]),
  role('torpor:reconcilers', reconcilerRules),
];

const bind = (name: string, kind: 'User' | 'Group', ...subjects: readonly string[]): Binding => ({
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  subjects: subjects.map((subject) => ({ kind, apiGroup: 'rbac.authorization.k8s.io', name: subject })),
});

export const fixedBindings: readonly Binding[] = [
  bind('system:discovery', 'Group', 'system:authenticated'),
  bind('system:public-info-viewer', 'Group', 'system:authenticated', 'system:unauthenticated'),
  bind('system:basic-user', 'Group', 'system:authenticated'),
  bind('torpor:reconcilers', 'User', 'torpor:reconcilers'),
];

export const fixedPolicy: RulesSource = fixedSource(fixedRoles, fixedBindings);

/** Of our own parts alone: behind a host cluster, that one knows what everybody else may do. */
export const componentPolicy: RulesSource = fixedSource(
  fixedRoles,
  fixedBindings.filter(({ metadata }) => metadata.name?.startsWith('torpor:')),
);
