import { administrators } from '../authorization/union.ts';
import type { PolicyRule } from './rules.ts';
import { type Binding, fixedSource, type Role, type RulesSource } from './source.ts';

/**
 * Rules that hold whatever is stored: what everybody may do, what our own parts need, and the roles that people bind
 * others to. Launchers are not here: what they may do depends on their node (launchers/scope.ts).
 */
const all = ['*'];
const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const torpor = ['torpor.dev'];
const core = [''];

const discoveryPaths = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', '/version', '/version/'];
const healthPaths = ['/healthz', '/livez', '/readyz'];

const machineKinds = ['virtualmachines', 'virtualmachinepools', 'virtualmachinemigrations', 'virtualmachinesnapshots'];
const machineVerbs = [
  'start',
  'stop',
  'restart',
  'reset',
  'pause',
  'unpause',
  'suspend',
  'wake',
  'migrate',
  'fork',
  'rewind',
  'freeze',
  'unfreeze',
  'credentials',
  'addvolume',
  'removevolume',
  'console',
  'vnc',
  'portforward',
].map((name) => `virtualmachines/${name}`);

const viewRules: readonly PolicyRule[] = [
  {
    apiGroups: torpor,
    resources: [
      ...machineKinds,
      ...machineKinds.map((kind) => `${kind}/status`),
      'virtualmachinepools/scale',
      'virtualmachines/guestinfo',
      'virtualmachines/log',
    ],
    verbs: read,
  },
  {
    apiGroups: core,
    resources: ['configmaps', 'persistentvolumeclaims', 'serviceaccounts', 'events', 'namespaces'],
    verbs: read,
  },
];

const editRules: readonly PolicyRule[] = [
  ...viewRules,
  { apiGroups: torpor, resources: [...machineKinds, 'virtualmachinepools/scale'], verbs: write },
  { apiGroups: torpor, resources: machineVerbs, verbs: ['get', 'create'] },
  {
    apiGroups: core,
    resources: ['configmaps', 'persistentvolumeclaims', 'serviceaccounts', 'secrets'],
    verbs: [...read, ...write],
  },
  { apiGroups: core, resources: ['events'], verbs: write },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...read, ...write] },
];

const adminRules: readonly PolicyRule[] = [
  ...editRules,
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: [...read, ...write] },
  { apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'], verbs: ['create'] },
];

/** Placement, restarts, finalizers, claims, the content of namespaces that are deleted, and the election of a leader. */
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
    verbs: ['list', 'delete', 'deletecollection'],
  },
];

const role = (name: string, rules: readonly PolicyRule[]): Role => ({ metadata: { name }, rules });

export const fixedRoles: readonly Role[] = [
  role('cluster-admin', [
    { apiGroups: all, resources: all, verbs: all },
    { nonResourceURLs: all, verbs: all },
  ]),
  role('admin', adminRules),
  role('edit', editRules),
  role('view', viewRules),
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
  bind('cluster-admin', 'Group', administrators),
  bind('system:discovery', 'Group', 'system:authenticated'),
  bind('system:public-info-viewer', 'Group', 'system:authenticated', 'system:unauthenticated'),
  bind('system:basic-user', 'Group', 'system:authenticated'),
  bind('torpor:reconcilers', 'User', 'torpor:reconcilers'),
];

export const fixedPolicy: RulesSource = fixedSource(fixedRoles, fixedBindings);
