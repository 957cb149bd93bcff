/** Who asks and may they, with the tokens, certificates and rules of a real Kubernetes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { type BoundKubectl, bindKubectl } from './kubectl.ts';
import { type Answer, anonymous, asAdmin, asFrontProxy, machinesPath, type Requester } from './requests.ts';

const NAMESPACE = 'access-test';
const MACHINES = machinesPath(NAMESPACE);

let cluster: Cluster;
let admin: Requester;
let direct: Requester;
let through: Requester;
let kubectl: BoundKubectl;
before(async () => {
  cluster = await clusterUp();
  admin = await asAdmin(cluster);
  direct = await anonymous(cluster, 'direct');
  through = await anonymous(cluster, 'through kube-apiserver');
  kubectl = await bindKubectl(cluster);
  await kubectl.run(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  await kubectl.ok(['create', 'namespace', NAMESPACE]);
});
after(async () => {
  await kubectl?.run(['delete', 'namespace', NAMESPACE, '--wait=false']);
  for (const one of [admin, direct, through]) one?.close();
  await kubectl?.close();
});

/** A token of a service account that is made for it. */
async function tokenOf(account: string): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
  const headers = { 'Content-Type': 'application/json' };
  await admin.ask(path, { method: 'POST', headers, body: JSON.stringify({ metadata: { name: account } }) });
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} });
  const { status, text } = await admin.ask(`${path}/${account}/token`, { method: 'POST', headers, body });
  assert.equal(status, 201, text);
  return JSON.parse(text).status.token;
}

const bearer = (token: string, more = {}) => ({ headers: { Authorization: `Bearer ${token}`, ...more } });
const message = ({ text }: Answer): string => JSON.parse(text).message;

test('A3, A15, A17: a token is one account on both ways; a role that is bound to it counts once a no is forgotten', async () => {
  const token = await tokenOf('bot');
  const user = `system:serviceaccount:${NAMESPACE}:bot`;
  const refusal = `virtualmachines.torpor.dev is forbidden: User "${user}" cannot list resource "virtualmachines" in API group "torpor.dev" in the namespace "${NAMESPACE}"`;
  for (const way of [direct, through]) {
    const answer = await way.ask(MACHINES, bearer(token));
    assert.equal(answer.status, 403, answer.text);
    assert.equal(message(answer), refusal);
  }
  await kubectl.ok([
    'create',
    'role',
    'lister',
    '--verb=list',
    '--resource=virtualmachines.torpor.dev',
    '-n',
    NAMESPACE,
  ]);
  await kubectl.ok([
    ...['create', 'rolebinding', 'lister', '--role=lister', `--serviceaccount=${NAMESPACE}:bot`, '-n', NAMESPACE],
  ]);
  for (const way of [direct, through]) {
    await until('the role counts', async () => (await way.ask(MACHINES, bearer(token))).status === 200 || undefined);
    assert.equal((await way.ask(`${MACHINES}/web`, bearer(token))).status, 403);
    assert.equal((await way.ask(machinesPath('default'), bearer(token))).status, 403);
  }
  assert.equal((await direct.ask(MACHINES, bearer(`${token}x`))).status, 401);
  assert.equal((await direct.ask(MACHINES, bearer('nonsense'))).status, 401);
});

test('A3: a token ends with its account', async () => {
  const token = await tokenOf('passing');
  assert.equal((await direct.ask(MACHINES, bearer(token))).status, 403);
  await kubectl.ok(['delete', 'serviceaccount', 'passing', '-n', NAMESPACE]);
  await until(
    'the token is refused',
    async () => (await direct.ask(MACHINES, bearer(token))).status === 401 || undefined,
  );
});

test('A1, A4, A8: kube-apiserver is believed by what kube-system says of it, and nobody else who uses its headers', async () => {
  const proxied = await asFrontProxy(cluster, 'somebody', ['some-group']);
  const answer = await proxied.ask(MACHINES);
  assert.match(message(answer), /^virtualmachines\.torpor\.dev is forbidden: User "somebody" cannot list/);
  proxied.close();
  const masters = await asFrontProxy(cluster, 'boss', ['system:masters']);
  assert.equal((await masters.ask(MACHINES)).status, 200);
  masters.close();
  const headers = { 'X-Remote-User': 'boss', 'X-Remote-Group': 'system:masters' };
  const forged = await direct.ask(MACHINES, { headers });
  assert.match(message(forged), /User "system:anonymous" cannot list/);
  const token = await tokenOf('forger');
  assert.match(message(await direct.ask(MACHINES, bearer(token, headers))), /User "system:serviceaccount:.*:forger"/);
});

test('A16, A19: roles count for subresources and names; who may only look opens no stream', async () => {
  const yes = async (...args: string[]) =>
    (await kubectl.run(['auth', 'can-i', ...args, '-n', NAMESPACE])).stdout.trim();
  assert.equal(await yes('get', 'virtualmachines', '--subresource=console'), 'yes');
  const token = await tokenOf('looker');
  const user = `system:serviceaccount:${NAMESPACE}:looker`;
  await kubectl.ok(['apply', '-f', '-'], {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'looker', namespace: NAMESPACE },
    rules: [
      { apiGroups: ['torpor.dev'], resources: ['virtualmachines/console'], verbs: ['get'] },
      { apiGroups: ['torpor.dev'], resources: ['virtualmachines'], verbs: ['list'], resourceNames: ['mine'] },
    ],
  });
  await kubectl.ok([
    ...['create', 'rolebinding', 'looker', '--role=looker', `--serviceaccount=${NAMESPACE}:looker`, '-n', NAMESPACE],
  ]);
  assert.equal(await yes('get', 'virtualmachines', '--subresource=console', '--as', user), 'yes');
  assert.equal(await yes('create', 'virtualmachines', '--subresource=console', '--as', user), 'no');
  const named = (name: string) => `${MACHINES}?fieldSelector=metadata.name%3D${name}`;
  await until(
    'the role counts',
    async () => (await direct.ask(named('mine'), bearer(token))).status === 200 || undefined,
  );
  assert.equal((await direct.ask(named('yours'), bearer(token))).status, 403);
  assert.equal((await direct.ask(MACHINES, bearer(token))).status, 403);

  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
  };
  for (const way of [direct, through]) {
    const answer = await way.ask(machinesPath(NAMESPACE, 'mine', 'console'), bearer(token, upgrade));
    assert.equal(answer.status, 403, answer.text);
    assert.match(message(answer), /cannot create resource "virtualmachines\/console"/);
  }
});

test('A17: while the cluster is away nobody is refused for it, and our own administrator gets on', async () => {
  const token = await tokenOf('waiting');
  const asked = { ...bearer(token) };
  assert.equal((await direct.ask(MACHINES, asked)).status, 403);
  await cluster.stop('kube-apiserver');
  try {
    // The token is known for a while; the right is another question each time, as the path is.
    const answer = await direct.ask(`${MACHINES}/while-it-is-away`, asked);
    assert.ok(answer.status === 500 || answer.status === 401, `${answer.status} ${answer.text}`);
    assert.doesNotMatch(answer.text, /forbidden/);
    assert.equal((await direct.ask('/livez')).status, 200);
  } finally {
    await cluster.start('kube-apiserver');
  }
  await until(
    'everything is as before',
    async () => (await direct.ask(`${MACHINES}/while-it-is-away`, asked)).status === 403 || undefined,
  );
});
