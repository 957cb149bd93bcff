/** Discovery as kubectl, client-go and the aggregator ask for it (sections 1 and appendix A of the conformance list). */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { definition, type InjectedServer, issue, startInjected } from './injected-server.ts';

let directory: string;
let api: InjectedServer;
let user: KeyPair;

const connect = async () => {};
const resources = [
  definition({
    kind: 'VirtualMachine',
    plural: 'virtualmachines',
    shortNames: ['vm', 'vms'],
    categories: ['all'],
    subresources: [
      { kind: 'stream', name: 'console', connect },
      { kind: 'status', name: 'status' },
      {
        kind: 'action',
        name: 'binding',
        bodyKind: 'Binding',
        bodyGroup: 'torpor.dev',
        bodyVersion: 'v1alpha1',
        run: async (object) => ({ status: 200, object }),
      },
      {
        kind: 'view',
        name: 'scale',
        viewGroup: 'autoscaling',
        viewVersion: 'v1',
        viewKind: 'Scale',
        verbs: ['update', 'get', 'patch'],
        toView: (object) => object,
        fromView: () => {},
      },
    ],
  }),
  definition({ kind: 'Host', plural: 'hosts', namespaced: false }),
  definition({ kind: 'Secret', plural: 'secrets', group: '', version: 'v1' }),
  definition({
    kind: 'SubjectAccessReview',
    plural: 'subjectaccessreviews',
    group: 'authorization.k8s.io',
    version: 'v1',
    verbs: ['create'],
    namespaced: false,
  }),
];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  api = await startInjected(directory, { resources });
  user = await issue(api.authority, { commonName: 'somebody' });
});
after(async () => {
  await api.server.stop();
  await rm(directory, { recursive: true, force: true });
});

const get = (path: string, accept = '*/*') => api.as(user).get(path).set('Accept', accept);
const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const v2beta1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';

test('D10, D11: groups', async () => {
  const groups = await get('/apis', 'application/json');
  assert.equal(groups.headers['content-type'], 'application/json');
  assert.equal(groups.body.kind, 'APIGroupList');
  assert.deepEqual(
    groups.body.groups.map(({ name }: { name: string }) => name),
    ['authorization.k8s.io', 'torpor.dev'],
  );
  const group = await get('/apis/torpor.dev');
  assert.deepEqual(group.body, {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'torpor.dev',
    versions: [{ groupVersion: 'torpor.dev/v1alpha1', version: 'v1alpha1' }],
    preferredVersion: { groupVersion: 'torpor.dev/v1alpha1', version: 'v1alpha1' },
  });
  assert.deepEqual((await get('/api')).body.versions, ['v1']);
  assert.equal((await get('/apis/other.dev')).status, 404);
});

test('D12 to D16: resources, subresources with mapped verbs, all sorted', async () => {
  const response = await get('/apis/torpor.dev/v1alpha1');
  assert.equal(response.body.groupVersion, 'torpor.dev/v1alpha1');
  assert.deepEqual(
    response.body.resources.map(({ name, kind, group, version, verbs }: Record<string, unknown>) =>
      [name, kind, group, version, (verbs as string[]).join(' ')].filter(Boolean).join('|'),
    ),
    [
      'hosts|Host|create delete deletecollection get list patch update watch',
      'virtualmachines|VirtualMachine|create delete deletecollection get list patch update watch',
      'virtualmachines/binding|Binding|create',
      'virtualmachines/console|VirtualMachine|create get',
      'virtualmachines/scale|Scale|autoscaling|v1|get patch update',
      'virtualmachines/status|VirtualMachine|get patch update',
    ],
  );
  const [hosts, machines, binding] = response.body.resources;
  assert.deepEqual(
    [machines.shortNames, machines.categories, machines.singularName],
    [['vm', 'vms'], ['all'], 'virtualmachine'],
  );
  assert.match(machines.storageVersionHash, /^[A-Za-z0-9+/]{11}=$/);
  assert.deepEqual([hosts.namespaced, machines.namespaced, binding.namespaced], [false, true, true]);
  assert.equal((await get('/apis/torpor.dev/v1alpha1/')).status, 200);
});

test('D21, D23: the aggregated document with its exact type and ETag, 304 when it is known', async () => {
  const response = await get('/apis', `${v2},${v2beta1},application/json`);
  assert.equal(response.headers['content-type'], v2);
  assert.equal(response.headers.vary, 'Accept');
  assert.match(response.headers.etag ?? '', /^"[0-9A-F]{128}"$/);
  const document = JSON.parse(response.text);
  assert.deepEqual([document.kind, document.apiVersion], ['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2']);
  const [version] = document.items[1].versions;
  assert.deepEqual([version.version, version.freshness], ['v1alpha1', 'Current']);
  const machines = version.resources[1];
  assert.deepEqual(machines.responseKind, { group: 'torpor.dev', version: 'v1alpha1', kind: 'VirtualMachine' });
  assert.deepEqual([machines.scope, version.resources[0].scope], ['Namespaced', 'Cluster']);
  for (const resource of document.items.flatMap(
    (item: never) => (item as { versions: { resources: never[] }[] }).versions[0]?.resources ?? [],
  )) {
    for (const one of [resource, ...(resource.subresources ?? [])])
      assert.ok(one.responseKind.kind, 'never null (D22)');
  }
  const again = await get('/apis', v2).set('If-None-Match', response.headers.etag ?? '');
  assert.equal(again.status, 304);
  assert.equal(again.text, '');
  assert.equal((await get('/api', v2)).headers['content-type'], v2);
});

test('D26, D27: clauses that we do not have are skipped, in the client’s order', async () => {
  const kinds = async (accept: string) => {
    const response = await get('/apis', accept);
    return response.status === 200
      ? response.headers['content-type'] === 'application/json'
        ? 'plain'
        : response.headers['content-type']
      : response.status;
  };
  assert.equal(await kinds(`${v2.replace('v=v2', 'v=v9')},application/json`), 'plain');
  assert.equal(await kinds(`${v2};profile=nopeer,${v2},application/json`), v2);
  assert.equal(await kinds(v2beta1), v2beta1);
  assert.equal(await kinds(`application/vnd.kubernetes.protobuf,${v2}`), v2);
  assert.equal(await kinds('application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io'), v2);
  assert.equal(await kinds(`application/json;q=0.1,${v2};q=0.9`), v2);
  assert.equal(await kinds('application/vnd.kubernetes.protobuf'), 406);
});

test('replicas say the same bytes', async () => {
  const other = await startInjected(`${directory}/other`, { resources: [...resources].reverse() });
  const pair = await issue(other.authority, { commonName: 'somebody' });
  for (const [path, accept] of [
    ['/apis', v2],
    ['/apis/torpor.dev/v1alpha1', '*/*'],
    ['/apis', 'application/json'],
  ] as const) {
    const [one, two] = [await get(path, accept), await other.as(pair).get(path).set('Accept', accept)];
    assert.equal(one.text, two.text);
    assert.equal(one.headers.etag, two.headers.etag);
  }
  await other.server.stop();
});

test('without core kinds /api is 404', async () => {
  const bare = await startInjected(`${directory}/bare`, { resources: resources.slice(0, 2) });
  const pair = await issue(bare.authority, { commonName: 'somebody' });
  assert.equal((await bare.as(pair).get('/api')).status, 404);
  assert.equal((await bare.as(pair).get('/api/v1')).status, 404);
  await bare.server.stop();
});
