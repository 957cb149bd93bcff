/** kube-controller-manager's garbage collector over machines and kinds of Kubernetes, in both directions. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ConfigMap, VirtualMachine } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import { type ApiObject, type Resource, resources } from '../../../openapi/client/resources.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { adminOf, type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { machine } from './machines.ts';
import { asAdmin, linesOf, machinesPath, type Requester } from './requests.ts';

const namespace = 'garbage';
/** The collector looks for new kinds twice a minute, and works only once it follows all of them. */
const COLLECTED_MS = 120_000;

let cluster: Cluster;
let client: Client;
let admin: Requester;
before(async () => {
  cluster = await clusterUp();
  client = await adminOf(cluster);
  admin = await asAdmin(cluster);
  await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});
after(async () => {
  await client.delete(resources.namespaces, { name: namespace });
  client.close();
  admin.close();
});

type Owner = ApiObject & { metadata: { name?: string; uid?: string } };
interface Given {
  readonly owner?: Owner;
  readonly blocks?: boolean;
  readonly finalizers?: readonly string[];
}

function metadata(name: string, { owner, blocks, finalizers }: Given) {
  const references = owner && [
    {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.metadata.name ?? '',
      uid: owner.metadata.uid ?? '',
      ...(blocks ? { blockOwnerDeletion: true } : {}),
    },
  ];
  return {
    name,
    namespace,
    ...(references ? { ownerReferences: references } : {}),
    ...(finalizers ? { finalizers: [...finalizers] } : {}),
  };
}

const newMachine = (name: string, given: Given = {}) =>
  client.create(resources.virtualMachines, machine(name, { metadata: metadata(name, given) }) as VirtualMachine);
const newConfigMap = (name: string, given: Given = {}) =>
  client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(name, given),
  } as ConfigMap);

function gone(resource: Resource<ApiObject>, name: string): Promise<true> {
  return until(
    `${resource.plural} ${name} is gone`,
    () =>
      client.get(resource, { namespace, name }).then(
        () => undefined,
        (error: unknown) => {
          if (isError(error, 'notFound')) return true as const;
          throw error;
        },
      ),
    COLLECTED_MS,
  );
}

const release = <T extends ApiObject>(resource: Resource<T>, name: string) =>
  client.patch(resource, { namespace, name }, { metadata: { finalizers: null } });

test('N10, N15: a ConfigMap goes after the machine that owns it', async () => {
  const owner = await newMachine('owner');
  await newConfigMap('of-machine', { owner });
  await newConfigMap('of-nobody');
  await client.delete(resources.virtualMachines, { namespace, name: 'owner' }, { propagationPolicy: 'Background' });
  await gone(resources.configMaps, 'of-machine');
  assert.equal((await client.get(resources.configMaps, { namespace, name: 'of-nobody' })).metadata.name, 'of-nobody');
});

test('N11, N12: a machine goes after the ConfigMap that owns it, and one whose owner is no more goes at once', async () => {
  const owner = await newConfigMap('owner');
  await newMachine('of-configmap', { owner });
  const kept = await newMachine('kept', { owner: await newConfigMap('keeper') });
  await client.delete(resources.configMaps, { namespace, name: 'owner' }, { propagationPolicy: 'Background' });
  await gone(resources.virtualMachines, 'of-configmap');
  // The same name with another identity is another owner.
  const other = { ...owner, metadata: { ...owner.metadata, name: 'keeper' } };
  await newMachine('mistaken', { owner: other });
  await gone(resources.virtualMachines, 'mistaken');
  const { metadata: still } = await client.get(resources.virtualMachines, { namespace, name: 'kept' });
  assert.deepEqual([still.uid, still.deletionTimestamp], [kept.metadata.uid, undefined]);
});

test('N11: machines and hosts go after cluster-scoped owners, of Kubernetes and of ours', async () => {
  const role = await client.create(resources.clusterRoles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'garbage-owner' },
    rules: [],
  });
  const host = await client.create(resources.hosts, {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'Host',
    metadata: {
      name: 'garbage-host',
      ownerReferences: [
        { apiVersion: role.apiVersion, kind: role.kind, name: 'garbage-owner', uid: role.metadata.uid ?? '' },
      ],
    },
  });
  await newMachine('of-role', { owner: role });
  await newMachine('of-host', { owner: host });
  await client.delete(resources.clusterRoles, { name: 'garbage-owner' }, { propagationPolicy: 'Background' });
  await gone(resources.virtualMachines, 'of-role');
  await gone(resources.hosts, 'garbage-host');
  await gone(resources.virtualMachines, 'of-host');
});

test('N14: deleted in the foreground, a machine stays until what blocks it is gone', async () => {
  const owner = await newMachine('patient');
  await newConfigMap('blocking', { owner, blocks: true, finalizers: ['torpor.dev/test-hold'] });
  await newConfigMap('quick', { owner });
  await client.delete(resources.virtualMachines, { namespace, name: 'patient' }, { propagationPolicy: 'Foreground' });
  await gone(resources.configMaps, 'quick');
  await until('the blocking one is being deleted', async () => {
    const held = await client.get(resources.configMaps, { namespace, name: 'blocking' });
    return held.metadata.deletionTimestamp ? true : undefined;
  });
  const waiting = await until('only the collector holds it', async () => {
    const found = await client.get(resources.virtualMachines, { namespace, name: 'patient' });
    return found.metadata.finalizers?.length === 1 ? found : undefined;
  });
  assert.deepEqual(waiting.metadata.finalizers, ['foregroundDeletion']);
  assert.ok(waiting.metadata.deletionTimestamp);
  await release(resources.configMaps, 'blocking');
  await gone(resources.virtualMachines, 'patient');
});

test('N14, N15: a ConfigMap that is deleted in the foreground waits for a machine that blocks it', async () => {
  const owner = await newConfigMap('patient');
  await newMachine('blocking', { owner, blocks: true, finalizers: ['torpor.dev/test-hold'] });
  await client.delete(resources.configMaps, { namespace, name: 'patient' }, { propagationPolicy: 'Foreground' });
  await until(
    'the machine is being deleted, and nobody but the test holds it',
    async () => {
      const { metadata: held } = await client.get(resources.virtualMachines, { namespace, name: 'blocking' });
      return held.deletionTimestamp && held.finalizers?.join() === 'torpor.dev/test-hold' ? true : undefined;
    },
    COLLECTED_MS,
  );
  const waiting = await client.get(resources.configMaps, { namespace, name: 'patient' });
  assert.deepEqual(waiting.metadata.finalizers, ['foregroundDeletion']);
  await release(resources.virtualMachines, 'blocking');
  await gone(resources.configMaps, 'patient');
});

test('N13: orphans of a machine and orphaned machines lose their owner and nothing else', async () => {
  const machineOwner = await newMachine('parent');
  await newConfigMap('orphan', { owner: machineOwner });
  const configOwner = await newConfigMap('parent');
  const child = await newMachine('orphan', { owner: configOwner });
  await client.delete(resources.virtualMachines, { namespace, name: 'parent' }, { propagationPolicy: 'Orphan' });
  await client.delete(resources.configMaps, { namespace, name: 'parent' }, { propagationPolicy: 'Orphan' });
  await gone(resources.virtualMachines, 'parent');
  await gone(resources.configMaps, 'parent');
  const configMap = await client.get(resources.configMaps, { namespace, name: 'orphan' });
  const orphan = await client.get(resources.virtualMachines, { namespace, name: 'orphan' });
  for (const { metadata: left } of [configMap, orphan]) {
    assert.equal(left.ownerReferences?.length ?? 0, 0);
    assert.equal(left.deletionTimestamp, undefined);
  }
  assert.equal(orphan.metadata.uid, child.metadata.uid);
});

test('N12: a body without a type says which identity is meant, as older collectors send it', async () => {
  await newMachine('named');
  const sent = (uid: string | undefined) =>
    admin.ask(machinesPath(namespace, 'named'), {
      method: 'DELETE',
      body: JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } }),
    });
  const refused = await sent('11111111-2222-3333-4444-555555555555');
  assert.equal(refused.status, 409, refused.text);
  assert.equal(JSON.parse(refused.text).reason, 'Conflict');
  const { metadata: standing } = await client.get(resources.virtualMachines, { namespace, name: 'named' });
  assert.equal(standing.deletionTimestamp, undefined);
  assert.equal((await sent(standing.uid)).status, 200);
  await gone(resources.virtualMachines, 'named');
});

test('C7, C8: what asks for metadata in protobuf first gets metadata in JSON, list and watch, and never a whole object', async () => {
  await newMachine('seen');
  const clauses = (kind: string) =>
    [
      `application/vnd.kubernetes.protobuf;as=${kind};g=meta.k8s.io;v=v1`,
      `application/json;as=${kind};g=meta.k8s.io;v=v1`,
      'application/json',
    ].join(',');
  const path = machinesPath(namespace);
  const listed = await admin.ask(path, { headers: { Accept: clauses('PartialObjectMetadataList') } });
  assert.equal(listed.status, 200);
  assert.match(listed.headers['content-type'] ?? '', /^application\/json/);
  const list = JSON.parse(listed.text);
  assert.equal(list.kind, 'PartialObjectMetadataList');
  const at = list.metadata.resourceVersion;
  const watching = await admin.open(`${path}?watch=1&resourceVersion=${at}`, {
    headers: { Accept: clauses('PartialObjectMetadata') },
  });
  assert.match(watching.headers['content-type'] ?? '', /^application\/json/);
  await client.patch(resources.virtualMachines, { namespace, name: 'seen' }, { metadata: { labels: { a: 'b' } } });
  for await (const event of linesOf<{ type: string; object: Record<string, unknown> }>(watching)) {
    assert.equal(event.object.kind, 'PartialObjectMetadata');
    assert.deepEqual(Object.keys(event.object).sort(), ['apiVersion', 'kind', 'metadata']);
    if ((event.object.metadata as { labels?: object }).labels) break;
  }
  watching.destroy();
});
