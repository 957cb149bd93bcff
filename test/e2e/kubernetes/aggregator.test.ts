/**
 * How kube-apiserver sees us: registration and availability as this one does it, and the requests of newer ones, sent
 * with its own front-proxy certificate.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { availability, type BoundKubectl, bindKubectl } from './kubectl.ts';
import { asAdmin, asFrontProxy, machinesPath, type Requester } from './requests.ts';

const SERVICE_NAME = 'torpor-apiserver.torpor-system.svc';
const API_SERVICE = 'apiservice/v1alpha1.torpor.dev';
const groupVersion = '/apis/torpor.dev/v1alpha1';

let cluster: Cluster;
let admin: Requester;
let kubectl: BoundKubectl;
const open: Requester[] = [];
const proxied = async (user: string, groups: readonly string[] = []) => {
  const made = await asFrontProxy(cluster, user, groups);
  open.push(made);
  return made;
};
before(async () => {
  cluster = await clusterUp();
  admin = await asAdmin(cluster);
  kubectl = await bindKubectl(cluster);
});
after(async () => {
  for (const one of [admin, ...open]) one.close();
  await kubectl.close();
});

async function registeredAuthority(): Promise<string> {
  const encoded = await kubectl.ok(['get', API_SERVICE, '-o', 'jsonpath={.spec.caBundle}']);
  return Buffer.from(encoded, 'base64').toString();
}

/** The handshake of kube-apiserver: no client certificate matters here. Rejects when the server is not trusted. */
function handshake(ca: string, servername: string): Promise<TLSSocket> {
  const { hostname, port } = new URL(cluster.direct);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca, servername, ALPNProtocols: ['h2', 'http/1.1'] });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}

test('D34, D40: the certificate speaks for the Service and comes from the registered authority; HTTP/1.1 is spoken', async () => {
  const ca = await registeredAuthority();
  const socket = await handshake(ca, SERVICE_NAME);
  assert.ok(socket.authorized);
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.destroy();
  await assert.rejects(handshake(ca, 'kubernetes.default.svc'), /does not match/);
  const foreign = await readFile(`${cluster.home.pki}/ca.crt`, 'utf8');
  await assert.rejects(handshake(foreign, SERVICE_NAME), /certificate/);
});

test('D33: with another authority registered no request passes, and with the right one again they do', async () => {
  const right = await kubectl.ok(['get', API_SERVICE, '-o', 'jsonpath={.spec.caBundle}']);
  const register = (caBundle: string) =>
    kubectl.ok(['patch', API_SERVICE, '--type=merge', '-p', JSON.stringify({ spec: { caBundle } })]);
  await register((await readFile(`${cluster.home.pki}/ca.crt`)).toString('base64'));
  try {
    const refused = await until('requests are refused', async () => {
      const answer = await admin.ask(machinesPath('default'));
      return answer.status === 200 ? undefined : answer;
    });
    assert.equal(refused.status, 503, refused.text);
  } finally {
    await register(right);
  }
  await until('requests pass', async () =>
    (await admin.ask(machinesPath('default'))).status === 200 ? true : undefined,
  );
});

test('D31, D36: without an endpoint the group is unavailable and says why; with it, it is served from there', async () => {
  const endpoints = await kubectl.ok(['-n', 'torpor-system', 'get', 'endpoints', 'torpor-apiserver', '-o', 'json']);
  const { metadata, subsets } = JSON.parse(endpoints);
  await kubectl.ok(['-n', 'torpor-system', 'delete', 'endpoints', 'torpor-apiserver']);
  try {
    const missing = await until('the API server of the group is missed', async () => {
      const found = await availability(kubectl);
      return found.status === 'False' ? found : undefined;
    });
    assert.match(missing.reason, /^(EndpointsNotFound|MissingEndpoints)$/);
    assert.equal((await admin.ask(machinesPath('default'))).status, 503);
  } finally {
    const { name, namespace } = metadata;
    await kubectl.ok(['apply', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace },
      subsets,
    });
  }
  const found = await until('it is found again', async () => {
    const now = await availability(kubectl);
    return now.status === 'True' ? now : undefined;
  });
  assert.equal(found.reason, 'Passed');
  await until('requests pass', async () =>
    (await admin.ask(machinesPath('default'))).status === 200 ? true : undefined,
  );
});

test('D30: the manifest keeps to the rules of an APIService', async () => {
  const found = JSON.parse(await kubectl.ok(['get', API_SERVICE, '-o', 'json']));
  const { group, version, groupPriorityMinimum, versionPriority, service, insecureSkipTLSVerify } = found.spec;
  assert.equal(found.metadata.name, `${version}.${group}`);
  assert.ok(groupPriorityMinimum >= 1 && groupPriorityMinimum <= 20_000);
  assert.ok(versionPriority >= 1 && versionPriority <= 1_000);
  assert.deepEqual(service, { name: 'torpor-apiserver', namespace: 'torpor-system', port: 443 });
  assert.notEqual(insecureSkipTLSVerify, true);
  // One of a CustomResourceDefinition would be labelled, and reset whenever it is changed.
  assert.equal(found.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'], undefined);
});

test('D20: the aggregated discovery of newer kube-apiservers: type, entity tag, nothing new', async () => {
  const aggregator = await proxied('system:kube-aggregator', ['system:masters']);
  const accepts = ['v2beta1', 'v2'].map(
    (version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
  );
  for (const [accept, version] of [
    [accepts[0], 'v2beta1'],
    [`${accepts[1]},${accepts[0]}`, 'v2'],
    [accepts[1], 'v2'],
  ] as const) {
    const answer = await aggregator.ask('/apis', { headers: { Accept: accept } });
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'] ?? '', new RegExp(`;v=${version};as=APIGroupDiscoveryList`));
    const { kind, apiVersion, items } = JSON.parse(answer.text);
    assert.deepEqual([kind, apiVersion], ['APIGroupDiscoveryList', `apidiscovery.k8s.io/${version}`]);
    assert.deepEqual(
      items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['torpor.dev'],
    );
    const headers = { Accept: accept, 'If-None-Match': answer.headers.etag };
    assert.equal((await aggregator.ask('/apis', { headers })).status, 304);
  }
});

test('D24, D32: who comes without a group may discover: the probe, and the way back to plain discovery', async () => {
  for (const groups of [[], ['system:masters']]) {
    const aggregator = await proxied('system:kube-aggregator', groups);
    const answer = await aggregator.ask(groupVersion, { headers: { Accept: 'application/json' } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).kind, 'APIResourceList');
  }
});

test('O1: the OpenAPI document is fetched without a group, and again only when it has changed; kubectl finds it merged', async () => {
  const aggregator = await proxied('system:aggregator');
  const answer = await aggregator.ask('/openapi/v2', { headers: { Accept: 'application/json' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.etag ?? '', /^"[^"]+"$/);
  const again = await aggregator.ask('/openapi/v2', {
    headers: { Accept: 'application/json', 'If-None-Match': answer.headers.etag },
  });
  assert.equal(again.status, 304);
  assert.equal(again.text, '');
  const own = JSON.parse(answer.text);
  const merged = JSON.parse((await admin.ask('/openapi/v2')).text);
  for (const path of Object.keys(own.paths).filter((each) => each.startsWith('/apis/torpor.dev/')))
    assert.ok(path in merged.paths, path);
  const name = 'dev.torpor.v1alpha1.VirtualMachine';
  assert.deepEqual(merged.definitions[name].properties.spec, own.definitions[name].properties.spec);
  // Where both define a type differently, ours is renamed: Kubernetes' own kinds are described as before.
  for (const [kind, definition] of Object.entries(merged.definitions))
    if (kind.startsWith('io.k8s.') && !/_v\d+$/.test(kind))
      assert.doesNotMatch(JSON.stringify(definition), /_v\d+"/, kind);
});

test('O20, O21: the index of OpenAPI v3 is fetched without asking for a type, and its documents by ordinary users', async () => {
  const aggregator = await proxied('system:aggregator');
  const index = await aggregator.ask('/openapi/v3');
  assert.equal(index.status, 200);
  assert.match(index.headers['content-type'] ?? '', /^application\/json/);
  const entry = JSON.parse(index.text).paths['apis/torpor.dev/v1alpha1'];
  assert.match(entry.serverRelativeURL, /^\/openapi\/v3\/apis\/torpor\.dev\/v1alpha1\?hash=\w+$/);
  const user = await proxied('eve', ['system:authenticated']);
  const document = await user.ask(entry.serverRelativeURL, { headers: { Accept: 'application/json' } });
  assert.equal(document.status, 200);
  assert.match(JSON.parse(document.text).openapi, /^3\./);
  const refused = await user.ask(entry.serverRelativeURL, { headers: { Accept: 'application/xml' } });
  assert.equal(refused.status, 406);
});

test('D3: selectors and names arrive whole, whatever is escaped on the way', async () => {
  const { text, status } = await admin.ask(
    `${machinesPath('default')}?limit=5&labelSelector=a+in+(b%2Cc)%2C!d&fieldSelector=metadata.name%3D%25`,
  );
  assert.equal(status, 200, text);
  assert.deepEqual(JSON.parse(text).items, []);
  const named = await admin.ask(machinesPath('default', 'a%20b'));
  assert.equal(named.status, 404);
  assert.equal(JSON.parse(named.text).details.name, 'a b');
  // An escaped slash is a part of a name and leads nowhere else.
  const beside = await admin.ask(machinesPath('default', '..%2F..%2Fkube-system%2Fvirtualmachines'));
  assert.ok([400, 404].includes(beside.status), beside.text);
});

test('D4: no path leads elsewhere: nothing is answered with a Location', async () => {
  const direct = await proxied('torpor-test', ['system:masters']);
  const odd = [
    '',
    '/',
    '//',
    '/apis/',
    '/apis//',
    '/apis/torpor.dev/',
    `${groupVersion}/`,
    `${groupVersion}//hosts`,
    `${groupVersion}/hosts/`,
  ];
  odd.push(
    `${groupVersion}/hosts/../hosts`,
    `${groupVersion}/namespaces/a/virtualmachines/`,
    '/openapi/v2/',
    '/openapi/v3/',
  );
  odd.push(
    '/openapi/v3/apis/torpor.dev/v1alpha1?hash=stale',
    '/healthz/',
    '/index.html',
    '/favicon.ico',
    '/swagger-2.0.0.pb-v1',
  );
  for (const target of odd) {
    const answer = await direct.ask(target === '' ? '*' : target);
    assert.ok(answer.status < 300 || answer.status >= 400, `${target} answers ${answer.status}`);
    assert.equal(answer.headers.location, undefined, target);
  }
  for (const target of odd.filter((each) => each.startsWith(`${groupVersion}/`)))
    assert.notEqual((await admin.ask(target)).status, 502, target);
});
