/** kube-controller-manager's namespace and quota controllers over machines. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { VirtualMachine, VirtualMachinePool } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import { type ApiObject, type Resource, resources } from '../../../openapi/client/resources.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { adminOf, type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { machine } from './machines.ts';
import { asAdmin, machinesPath, type Requester } from './requests.ts';

let cluster: Cluster;
let client: Client;
let admin: Requester;
before(async () => {
  cluster = await clusterUp();
  client = await adminOf(cluster);
  admin = await asAdmin(cluster);
});
after(() => {
  client.close();
  admin.close();
});

const newNamespace = (name: string) =>
  client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const newMachine = (namespace: string, name: string, metadata: object = {}) =>
  client.create(
    resources.virtualMachines,
    machine(name, { metadata: { namespace, ...metadata } }) as unknown as VirtualMachine,
  );
const machinesOf = async (namespace: string) => (await client.list(resources.virtualMachines, { namespace })).items;

function namespaceGone(name: string): Promise<true> {
  return until(
    `namespace ${name} is gone`,
    () =>
      client.get(resources.namespaces, { name }).then(
        () => undefined,
        (error: unknown) => {
          if (isError(error, 'notFound')) return true as const;
          throw error;
        },
      ),
    120_000,
  );
}

/** The namespace once it has a condition of this type that is true. */
async function says(namespace: string, type: string): Promise<string> {
  return until(`namespace ${namespace} has ${type}`, async () => {
    const found = (await client.get(resources.namespaces, { name: namespace })) as ApiObject & {
      status?: { conditions?: { type: string; status: string; message: string }[] };
    };
    return found.status?.conditions?.find((each) => each.type === type && each.status === 'True')?.message;
  });
}

test('N1, N2, N8: a namespace full of machines is deleted, finishes, and is empty when it is made again', async () => {
  await newNamespace('full');
  await Promise.all(Array.from({ length: 20 }, (_, index) => newMachine('full', `machine-${index}`)));
  await client.delete(resources.namespaces, { name: 'full' });
  await namespaceGone('full');
  assert.deepEqual(await machinesOf('full'), []);
  await newNamespace('full');
  assert.deepEqual(await machinesOf('full'), []);
  await client.delete(resources.namespaces, { name: 'full' });
});

test('N4: what holds a machine holds its namespace, and the namespace says so', async () => {
  await newNamespace('held');
  await newMachine('held', 'stubborn', { finalizers: ['torpor.dev/test-hold'] });
  await client.delete(resources.namespaces, { name: 'held' });
  assert.match(await says('held', 'NamespaceFinalizersRemaining'), /torpor\.dev\/test-hold in 1 resource instances/);
  assert.match(
    await says('held', 'NamespaceContentRemaining'),
    /virtualmachines\.torpor\.dev has 1 resource instances/,
  );
  assert.ok(
    (await client.get(resources.virtualMachines, { namespace: 'held', name: 'stubborn' })).metadata.deletionTimestamp,
  );
  await assert.rejects(newMachine('held', 'late'), /being terminated/);
  await client.patch(
    resources.virtualMachines,
    { namespace: 'held', name: 'stubborn' },
    { metadata: { finalizers: null } },
  );
  await namespaceGone('held');
});

test('N1, N5: a collection is gone when its deletion is answered, also when the request has no type', async () => {
  await newNamespace('at-once');
  const pools = resources.virtualMachinePools;
  for (const name of ['a', 'b', 'c']) {
    const pool = {
      apiVersion: 'torpor.dev/v1alpha1',
      kind: 'VirtualMachinePool',
      metadata: { namespace: 'at-once', name },
      spec: {
        replicas: 0,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: machine('').spec },
      },
    };
    await client.create(pools, pool as unknown as VirtualMachinePool);
  }
  const path = '/apis/torpor.dev/v1alpha1/namespaces/at-once/virtualmachinepools';
  const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' });
  const answer = await admin.ask(path, { method: 'DELETE', body });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual((await client.list(pools as Resource<ApiObject>, { namespace: 'at-once' })).items, []);
  await client.delete(resources.namespaces, { name: 'at-once' });
  await namespaceGone('at-once');
});

test('N3: every namespaced kind can be listed and deleted, one by one and together, for a controller that knows only one way', async () => {
  const list = JSON.parse((await admin.ask('/apis/torpor.dev/v1alpha1')).text);
  const kinds = (list.resources as { name: string; namespaced: boolean; verbs: string[] }[]).filter(
    ({ name, namespaced }) => namespaced && !name.includes('/'),
  );
  assert.ok(kinds.some(({ name }) => name === 'virtualmachines'));
  for (const { name, verbs } of kinds)
    for (const verb of ['list', 'delete', 'deletecollection']) assert.ok(verbs.includes(verb), `${name} ${verb}`);
  await newNamespace('one-by-one');
  await newMachine('one-by-one', 'only');
  const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' });
  const answer = await admin.ask(machinesPath('one-by-one', 'only'), { method: 'DELETE', body });
  assert.equal(answer.status, 200, answer.text);
  await client.delete(resources.namespaces, { name: 'one-by-one' });
  await namespaceGone('one-by-one');
});

test('N16: a quota counts machines whenever one goes', async () => {
  await newNamespace('counted');
  await newMachine('counted', 'one');
  await newMachine('counted', 'two');
  await newMachine('counted', 'three');
  const resource: Resource<ApiObject> = {
    group: '',
    version: 'v1',
    plural: 'resourcequotas',
    kind: 'ResourceQuota',
    namespaced: true,
  };
  const quota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { namespace: 'counted', name: 'machines' },
    spec: { hard: { 'count/virtualmachines.torpor.dev': '5' } },
  };
  await client.create(resource, quota as ApiObject);
  const used = (wanted: string) =>
    until(
      `${wanted} machines are counted`,
      async () => {
        const found = (await client.get(resource, { namespace: 'counted', name: 'machines' })) as ApiObject & {
          status?: { used?: Record<string, string> };
        };
        return found.status?.used?.['count/virtualmachines.torpor.dev'] === wanted ? true : undefined;
      },
      120_000,
    );
  await client.delete(resources.virtualMachines, { namespace: 'counted', name: 'one' });
  await used('2');
  await client.delete(resources.virtualMachines, { namespace: 'counted', name: 'two' });
  await used('1');
  await client.delete(resources.namespaces, { name: 'counted' });
  await namespaceGone('counted');
});
