import { host, machine } from '../machines.ts';

/** Good objects, by the collection that they are posted to. */
const pool = {
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'VirtualMachinePool',
  metadata: { name: 'pool' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'pool' } },
    template: { metadata: { labels: { app: 'pool' } }, spec: machine('x').spec },
  },
};
const rich = machine('web', (m) => {
  m.metadata.labels = { app: 'web' };
  m.metadata.annotations = { 'a.b/c': 'd' };
  m.metadata.finalizers = ['a.b/c'];
  m.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'one', uid: 'u' }];
  m.spec.domain.devices.interfaces = [{ name: 'default', masquerade: {}, model: 'virtio', ports: [{ port: 80 }] }];
  m.spec.networks = [{ name: 'default', pod: {} }];
  m.spec.domain.devices.disks.push({ name: 'seed', disk: { bus: 'virtio' } });
  m.spec.volumes.push({ name: 'seed', cloudInitNoCloud: { userData: '#cloud-config' } });
  m.spec.nodeSelector = { zone: 'a' };
  m.spec.tolerations = [{ key: 'a', operator: 'Exists' }];
});
const subject = { kind: 'User', name: 'someone', apiGroup: 'rbac.authorization.k8s.io' };

export const samples = {
  virtualmachines: rich,
  virtualmachinepools: pool,
  hosts: host('n1'),
  configmaps: { kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: 'b' }, binaryData: { c: 'eA==' } },
  secrets: { kind: 'Secret', metadata: { name: 'one' }, type: 'Opaque', data: { a: 'eA==' }, stringData: { b: 'c' } },
  events: {
    kind: 'Event',
    metadata: { name: 'one' },
    involvedObject: { kind: 'VirtualMachine', name: 'web', namespace: 'default' },
    reason: 'Started',
    lastTimestamp: '2026-01-01T00:00:00Z',
  },
  persistentvolumeclaims: {
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'one' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  serviceaccounts: { kind: 'ServiceAccount', metadata: { name: 'one' }, secrets: [{ name: 'a' }] },
  namespaces: { kind: 'Namespace', metadata: { name: 'one' } },
  leases: { kind: 'Lease', metadata: { name: 'one' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } },
  clusterroles: {
    kind: 'ClusterRole',
    metadata: { name: 'one' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  },
  rolebindings: {
    kind: 'RoleBinding',
    metadata: { name: 'one' },
    subjects: [subject],
    roleRef: { kind: 'ClusterRole', name: 'one', apiGroup: 'rbac.authorization.k8s.io' },
  },
  selfsubjectaccessreviews: { spec: { resourceAttributes: { verb: 'get', resource: 'secrets' } } },
  subjectaccessreviews: { spec: { user: 'a', groups: ['b'], nonResourceAttributes: { path: '/x', verb: 'get' } } },
} as const;

export function sampleOf(collection: string): object {
  return samples[collection.slice(collection.lastIndexOf('/') + 1) as keyof typeof samples];
}
