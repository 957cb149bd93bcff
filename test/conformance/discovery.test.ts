/** Discovery as kubectl, client-go and the aggregator ask for it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { describedResources } from '../../hack/generator/described-resources.ts';
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

interface AggregatedGroup {
  readonly versions: readonly { readonly resources: readonly AggregatedResource[] }[];
}
interface AggregatedResource {
  readonly responseKind?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly subresources?: readonly Omit<AggregatedResource, 'subresources'>[];
}

const get = (path: string, accept = '*/*') => api.as(user).get(path).set('Accept', accept);
const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const v2beta1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';

/** As kube-aggregator comes: through the front proxy, with these names and no others. */
async function asAggregator(user: string, ...groups: string[]) {
  const agent = api.as(await issue(api.proxyAuthority, { commonName: 'front-proxy-client' }));
  return (path: string, accept: string) => {
    const request = agent.get(path).set('Accept', accept).set('X-Remote-User', user);
    return groups.length > 0 ? request.set('X-Remote-Group', groups as never) : request;
  };
}

test('D10: /apis lists the groups', async () => {
  const groups = await get('/apis', 'application/json');
  assert.equal(groups.status, 200);
  assert.equal(groups.headers['content-type'], 'application/json');
  const described = (name: string, version: string) => {
    const named = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [named], preferredVersion: named };
  };
  assert.deepEqual(groups.body, {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [described('authorization.k8s.io', 'v1'), described('torpor.dev', 'v1alpha1')],
  });
  assert.deepEqual((await get('/api')).body.versions, ['v1']);
});

test('D11: a group has its versions; one that is not served is 404', async () => {
  assert.deepEqual((await get('/apis/torpor.dev')).body, {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'torpor.dev',
    versions: [{ groupVersion: 'torpor.dev/v1alpha1', version: 'v1alpha1' }],
    preferredVersion: { groupVersion: 'torpor.dev/v1alpha1', version: 'v1alpha1' },
  });
  assert.equal((await get('/apis/other.dev')).status, 404);
  assert.equal((await get('/apis/torpor.dev/v2')).status, 404);
});

test('D13: what a group version serves, with the kind of another group version where it has one', async () => {
  const { body } = await get('/apis/torpor.dev/v1alpha1');
  assert.deepEqual([body.kind, body.apiVersion, body.groupVersion], ['APIResourceList', 'v1', 'torpor.dev/v1alpha1']);
  const told = body.resources.map(({ verbs: _, storageVersionHash: __, ...rest }: Record<string, unknown>) => rest);
  const part = { singularName: '', namespaced: true };
  assert.deepEqual(told, [
    { name: 'hosts', singularName: 'host', namespaced: false, kind: 'Host' },
    {
      name: 'virtualmachines',
      singularName: 'virtualmachine',
      namespaced: true,
      kind: 'VirtualMachine',
      shortNames: ['vm', 'vms'],
      categories: ['all'],
    },
    { ...part, name: 'virtualmachines/binding', kind: 'Binding' },
    { ...part, name: 'virtualmachines/console', kind: 'VirtualMachine' },
    { ...part, name: 'virtualmachines/scale', group: 'autoscaling', version: 'v1', kind: 'Scale' },
    { ...part, name: 'virtualmachines/status', kind: 'VirtualMachine' },
  ]);
  assert.equal((await get('/apis/torpor.dev/v1alpha1/')).status, 200);
});

test('D14: verbs are sorted, those of streams are what the methods map to', async () => {
  const { body } = await get('/apis/torpor.dev/v1alpha1');
  assert.deepEqual(
    body.resources.map(({ name, verbs }: { name: string; verbs: string[] }) => `${name}: ${verbs.join(' ')}`),
    [
      'hosts: create delete deletecollection get list patch update watch',
      'virtualmachines: create delete deletecollection get list patch update watch',
      'virtualmachines/binding: create',
      'virtualmachines/console: create get',
      'virtualmachines/scale: get patch update',
      'virtualmachines/status: get patch update',
    ],
  );
});

test('D15: a subresource is as namespaced as what it belongs to', async () => {
  const served = await startInjected(`${directory}/real`, { resources: describedResources(true) });
  try {
    const agent = served.as(await issue(served.authority, { commonName: 'somebody' }));
    for (const path of ['/api/v1', '/apis/torpor.dev/v1alpha1']) {
      const { resources: found } = (await agent.get(path)).body as {
        resources: { name: string; namespaced: boolean }[];
      };
      const parts = found.filter(({ name }) => name.includes('/'));
      assert.ok(parts.length > 0, path);
      for (const { name, namespaced } of parts) {
        const parent = found.find((one) => one.name === name.split('/')[0]);
        assert.equal(namespaced, parent?.namespaced, name);
      }
    }
  } finally {
    await served.server.stop();
  }
});

test('D16: the hash of the stored version is what every Kubernetes server says for this kind', async () => {
  const secrets = (await get('/api/v1')).body.resources[0];
  // As kubectl get --raw /api/v1 shows it on any cluster.
  assert.equal(secrets.storageVersionHash, 'S6u1pOWzb84=');
  const [hosts, machines, ...parts] = (await get('/apis/torpor.dev/v1alpha1')).body.resources;
  const own = createHash('sha256').update('torpor.dev/v1alpha1/VirtualMachine').digest().subarray(0, 8);
  assert.equal(machines.storageVersionHash, own.toString('base64'));
  assert.notEqual(hosts.storageVersionHash, machines.storageVersionHash);
  for (const part of parts) assert.equal(part.storageVersionHash, undefined, part.name);
  const [review] = (await get('/apis/authorization.k8s.io/v1')).body.resources;
  assert.equal(review.storageVersionHash, undefined, 'it is never stored');
});

test('D18: without core kinds /api is 404, the one refusal that all clients take for "none"', async () => {
  const bare = await startInjected(`${directory}/bare`, { resources: resources.slice(0, 2) });
  try {
    const agent = bare.as(await issue(bare.authority, { commonName: 'somebody' }));
    for (const accept of ['application/json', `${v2},application/json`]) {
      assert.equal((await agent.get('/api').set('Accept', accept)).status, 404);
      assert.equal((await agent.get('/apis').set('Accept', accept)).status, 200);
    }
    assert.equal((await agent.get('/api/v1')).status, 404);
  } finally {
    await bare.server.stop();
  }
});

test('D19: discovery is JSON or YAML, without an ETag of its own; nothing else is acceptable', async () => {
  for (const path of ['/apis', '/apis/torpor.dev', '/apis/torpor.dev/v1alpha1', '/api', '/api/v1']) {
    const json = await get(path, 'application/json');
    assert.equal(json.headers['content-type'], 'application/json', path);
    assert.equal(json.headers.etag, undefined, path);
    const yaml = await get(path, 'application/yaml').buffer(true);
    assert.equal(yaml.headers['content-type'], 'application/yaml', path);
    assert.deepEqual(parse(yaml.text), json.body, path);
    assert.equal((await get(path, 'application/vnd.kubernetes.protobuf,application/json')).status, 200, path);
    const refused = await get(path, 'application/vnd.kubernetes.protobuf');
    assert.deepEqual([refused.status, refused.body.reason], [406, 'NotAcceptable'], path);
    assert.match(refused.body.message, /application\/json, application\/yaml/);
  }
});

test('D20: the polls of all generations of kube-apiserver are answered, and 304 when nothing is new', async () => {
  const aggregator = await asAggregator('system:kube-aggregator', 'system:masters');
  for (const [accept, answered] of [
    [v2beta1, v2beta1],
    [`${v2},${v2beta1}`, v2],
    [v2, v2],
  ] as const) {
    const document = await aggregator('/apis', accept);
    assert.equal(document.status, 200);
    assert.equal(document.headers['content-type'], answered);
    const again = await aggregator('/apis', accept).set('If-None-Match', document.headers.etag ?? '');
    assert.equal(again.status, 304);
    assert.equal(again.text, '');
  }
});

test('D21: the aggregated document in both versions, with its exact type', async () => {
  for (const [type, version] of [
    [v2, 'v2'],
    [v2beta1, 'v2beta1'],
  ] as const) {
    const response = await get('/apis', `${type},application/json`);
    assert.equal(response.headers['content-type'], type);
    const { items, ...head } = JSON.parse(response.text);
    assert.deepEqual(head, {
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
    });
    const { resources: found, ...served } = items[1].versions[0];
    assert.deepEqual([items[1].metadata.name, served], ['torpor.dev', { version: 'v1alpha1', freshness: 'Current' }]);
    const own = { group: 'torpor.dev', version: 'v1alpha1' };
    const { verbs, subresources, ...machines } = found[1];
    assert.deepEqual(machines, {
      resource: 'virtualmachines',
      responseKind: { ...own, kind: 'VirtualMachine' },
      scope: 'Namespaced',
      singularResource: 'virtualmachine',
      shortNames: ['vm', 'vms'],
      categories: ['all'],
    });
    assert.equal(verbs.join(' '), 'create delete deletecollection get list patch update watch');
    assert.deepEqual(subresources.slice(2), [
      {
        subresource: 'scale',
        responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
        verbs: ['get', 'patch', 'update'],
      },
      { subresource: 'status', responseKind: { ...own, kind: 'VirtualMachine' }, verbs: ['get', 'patch', 'update'] },
    ]);
    assert.equal(found[0].scope, 'Cluster');
  }
  assert.equal((await get('/api', v2)).headers['content-type'], v2);
});

test('D22: every resource and subresource names its kind, in every document', async () => {
  const served = await startInjected(`${directory}/kinds`, { resources: describedResources(true) });
  try {
    const agent = served.as(await issue(served.authority, { commonName: 'somebody' }));
    let seen = 0;
    for (const path of ['/api', '/apis']) {
      const { items } = JSON.parse((await agent.get(path).set('Accept', v2)).text) as { items: AggregatedGroup[] };
      for (const resource of items.flatMap(({ versions }) => versions.flatMap((version) => version.resources))) {
        for (const { responseKind } of [resource, ...(resource.subresources ?? [])]) {
          seen += 1;
          assert.ok(responseKind?.kind && responseKind.version, JSON.stringify(resource));
          assert.equal(typeof responseKind.group, 'string');
        }
      }
    }
    assert.ok(seen > 20, `${seen}`);
  } finally {
    await served.server.stop();
  }
});

test('D23: a strong ETag, Vary and Cache-Control; the same bytes on every replica', async () => {
  const other = await startInjected(`${directory}/other`, { resources: [...resources].reverse() });
  try {
    const agent = other.as(await issue(other.authority, { commonName: 'somebody' }));
    for (const [path, accept] of [
      ['/apis', v2],
      ['/apis', v2beta1],
      ['/api', v2],
      ['/apis', 'application/json'],
      ['/apis/torpor.dev/v1alpha1', 'application/json'],
    ] as const) {
      const [one, two] = [await get(path, accept), await agent.get(path).set('Accept', accept)];
      assert.equal(one.text, two.text);
      assert.equal(one.headers.etag, two.headers.etag);
      if (accept === 'application/json') continue;
      assert.equal(one.headers.etag, `"${createHash('sha512').update(one.text).digest('hex').toUpperCase()}"`);
      assert.equal(one.headers.vary, 'Accept');
      assert.equal(one.headers['cache-control'], 'public');
      for (const known of [one.headers.etag, `"other", ${one.headers.etag}`, '*'])
        assert.equal((await get(path, accept).set('If-None-Match', known ?? '')).status, 304, known);
      assert.equal((await get(path, accept).set('If-None-Match', '"other"')).status, 200);
    }
  } finally {
    await other.server.stop();
  }
});

test('D24: the fallback comes without groups and is still let in', async () => {
  const aggregator = await asAggregator('system:kube-aggregator');
  const list = await aggregator('/apis/torpor.dev/v1alpha1', 'application/json');
  assert.deepEqual([list.status, list.body.kind], [200, 'APIResourceList']);
  // Whoever has no name at all is not.
  const nobody = await startInjected(`${directory}/nobody`, { resources, anonymous: true });
  try {
    assert.equal((await nobody.as().get('/apis/torpor.dev/v1alpha1')).status, 403);
  } finally {
    await nobody.server.stop();
  }
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
  assert.equal(await kinds(`${v2},${v2beta1},application/json`), v2);
  assert.equal(await kinds(`${v2beta1},application/json`), v2beta1);
  assert.equal(await kinds(`${v2.replace('v=v2', 'v=v9')},application/json`), 'plain');
  assert.equal(await kinds(`${v2.replace('v=v2', 'v=v9')},${v2beta1}`), v2beta1);
  assert.equal(await kinds(`${v2};profile=nopeer,${v2},application/json`), v2);
  assert.equal(await kinds(v2beta1), v2beta1);
  assert.equal(await kinds(`application/vnd.kubernetes.protobuf,${v2}`), v2);
  assert.equal(await kinds('application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io'), v2);
  assert.equal(await kinds(`application/json;q=0.1,${v2};q=0.9`), v2);
  assert.equal(await kinds('application/json'), 'plain');
  assert.equal(await kinds(v2.replace('v=v2', 'v=v9')), 406);
  assert.equal(await kinds('application/vnd.kubernetes.protobuf'), 406);
  // Only the roots have the aggregated form.
  assert.equal((await get('/apis/torpor.dev/v1alpha1', v2)).status, 406);
  assert.equal((await get('/apis/torpor.dev/v1alpha1', `${v2},application/json`)).body.kind, 'APIResourceList');
});
