import type { AssembleOptions, PublishedResource } from '../resource.ts';

export const sampleOptions: AssembleOptions = { version: 'v0.1.0' };

const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];

const everyVerb = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const torpor = { group: 'torpor.dev', version: 'v1alpha1', verbs: everyVerb, patchTypes, waits: false };

/** For tests: what a server with core kinds serves, in part. */
export const sampleResources: readonly PublishedResource[] = [
  {
    ...torpor,
    waits: true,
    kind: 'VirtualMachine',
    listKind: 'VirtualMachineList',
    plural: 'virtualmachines',
    namespaced: true,
    subresources: [
      { kind: 'status', name: 'status' },
      { kind: 'action', name: 'binding', bodyKind: 'Binding', bodyGroup: 'torpor.dev', bodyVersion: 'v1alpha1' },
      { kind: 'action', name: 'start', bodyKind: 'StartOptions', bodyGroup: 'torpor.dev', bodyVersion: 'v1alpha1' },
      { kind: 'stream', name: 'console' },
      { kind: 'read', name: 'log' },
    ],
  },
  {
    ...torpor,
    kind: 'Host',
    listKind: 'HostList',
    plural: 'hosts',
    namespaced: false,
    subresources: [{ kind: 'status', name: 'status' }],
  },
  {
    group: '',
    version: 'v1',
    kind: 'Secret',
    listKind: 'SecretList',
    plural: 'secrets',
    namespaced: true,
    verbs: everyVerb,
    patchTypes: [...patchTypes, 'application/strategic-merge-patch+json'],
    waits: false,
    subresources: [],
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectAccessReview',
    listKind: '',
    plural: 'selfsubjectaccessreviews',
    namespaced: false,
    verbs: ['create'],
    patchTypes,
    waits: false,
    subresources: [],
  },
  {
    ...torpor,
    kind: 'VirtualMachinePool',
    listKind: 'VirtualMachinePoolList',
    plural: 'virtualmachinepools',
    namespaced: true,
    subresources: [
      { kind: 'status', name: 'status' },
      {
        kind: 'view',
        name: 'scale',
        viewKind: 'Scale',
        viewGroup: 'autoscaling',
        viewVersion: 'v1',
        verbs: ['get', 'patch', 'update'],
      },
    ],
  },
];
