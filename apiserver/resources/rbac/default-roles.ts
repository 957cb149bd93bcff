import { administrators } from '../../access/authorization/union.ts';
import type { PolicyRule } from '../../access/rbac/rules.ts';
import type { Binding, Role } from '../../access/rbac/source.ts';

/**
 * The roles that people bind others to, by the names that Kubernetes gives them. They are stored objects like any other,
 * so what `kubectl get clusterroles` shows is what holds.
 */
const all = ['*'];
const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const torpor = ['torpor.dev'];
const core = [''];

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

const role = (name: string, rules: readonly PolicyRule[]): Role => ({ metadata: { name }, rules });

export const defaultRoles: readonly Role[] = [
  role('cluster-admin', [
    { apiGroups: all, resources: all, verbs: all },
    { nonResourceURLs: all, verbs: all },
  ]),
  role('admin', adminRules),
  role('edit', editRules),
  role('view', viewRules),
];

const group = 'rbac.authorization.k8s.io';

export const defaultBindings: readonly Binding[] = [
  {
    metadata: { name: 'cluster-admin' },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'Group', apiGroup: group, name: administrators }],
  },
];
