/** Who asks: client certificates, tokens, nobody; and acting for others (A3, A7, A10, A11). */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { fixedSource } from '../../apiserver/access/rbac/source.ts';
import { openAuthority } from '../../base/certificates/authority.ts';
import { type InjectedServer, issue, startInjected } from './injected-server.ts';

let directory: string;
let api: InjectedServer;
const list = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  const rules = fixedSource(
    [
      {
        metadata: { name: 'actor' },
        rules: [
          {
            apiGroups: [''],
            resources: ['users', 'groups'],
            resourceNames: ['ann', 'team', 'system:masters'],
            verbs: ['impersonate'],
          },
          {
            apiGroups: [''],
            resources: ['serviceaccounts'],
            resourceNames: ['bot'],
            verbs: ['impersonate'],
          },
          {
            apiGroups: ['authentication.k8s.io'],
            resources: ['uids', 'userextras/acme.com/project'],
            resourceNames: ['7', 'one'],
            verbs: ['impersonate'],
          },
        ],
      },
    ],
    [
      {
        metadata: { name: 'actor' },
        roleRef: { kind: 'ClusterRole', name: 'actor' },
        subjects: [{ kind: 'User', name: 'actor' }],
      },
    ],
  );
  api = await startInjected(directory, { rules });
});
after(async () => {
  await api.server.stop();
  await rm(directory, { recursive: true, force: true });
});

test('A3: a client certificate gives the user and all its groups; names keep odd characters', async () => {
  const pair = await issue(api.authority, {
    commonName: 'a, b\nO=system:none',
    organizations: ['system:masters', 'x/y'],
  });
  const response = await api.as(pair).get(list);
  assert.equal(response.status, 200);
  assert.deepEqual(response.body.user, {
    name: 'a, b\nO=system:none',
    groups: ['system:masters', 'x/y', 'system:authenticated'],
    extra: {},
  });
});

test('A11, E9: a certificate of an unknown authority, or one that has ended, is 401 and never anonymous', async () => {
  const foreign = await openAuthority(join(directory, 'foreign'), 'torpor-ca');
  for (const pair of [
    await issue(foreign, { commonName: 'root', organizations: ['system:masters'] }),
    await issue(api.authority, { commonName: 'root', organizations: ['system:masters'] }, 'client', -0.01),
    await issue(api.authority, { commonName: 'root', organizations: ['system:masters'] }, 'server'),
  ]) {
    const response = await api.as(pair).get(list);
    assert.equal(response.status, 401);
    assert.deepEqual(response.body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
    assert.equal(response.headers['x-content-type-options'], 'nosniff');
    assert.equal(response.headers['www-authenticate'], undefined);
  }
});

test('A3: bearer tokens are taken from the header and from WebSocket protocols; a bad one is 401', async () => {
  assert.equal((await api.as().get(list).set('Authorization', 'Bearer good')).body.user.name, 'token-user');
  const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('good').toString('base64url')}`;
  assert.equal((await api.as().get(list).set('Sec-WebSocket-Protocol', `x, ${protocol}`)).body.user.name, 'token-user');
  assert.equal((await api.as().get(list).set('Authorization', 'Bearer bad')).status, 401);
});

test('A3, E10: without a credential the caller is anonymous: 403 in Kubernetes words, open health', async () => {
  const response = await api.as().get(list);
  assert.equal(response.status, 403);
  assert.equal(
    response.body.message,
    'virtualmachines.torpor.dev is forbidden: User "system:anonymous" cannot list resource "virtualmachines" in API group "torpor.dev" in the namespace "a"',
  );
  assert.deepEqual(response.body.details, { group: 'torpor.dev', kind: 'virtualmachines' });
  const path = await api.as().get('/nowhere');
  assert.equal(path.body.message, 'forbidden: User "system:anonymous" cannot get path "/nowhere"');
  assert.equal((await api.as().get('/readyz')).text, 'ok');
  assert.equal((await api.as().get('/version')).status, 200);
});

test('A3: with --anonymous-auth=false nobody is 401, also for health', async () => {
  const closed = await startInjected(join(directory, 'closed'), { anonymous: false });
  assert.equal((await closed.as().get(list)).status, 401);
  assert.equal((await closed.as().get('/readyz')).status, 401);
  await closed.server.stop();
});

test('A10: acting for somebody else needs the right to, part by part, and gives exactly their rights', async () => {
  const actor = await issue(api.authority, { commonName: 'actor' });
  const admin = await issue(api.authority, { commonName: 'admin', organizations: ['system:masters'] });
  const masters = await api
    .as(actor)
    .get(list)
    .set('Impersonate-User', 'ann')
    .set('Impersonate-Group', 'system:masters');
  assert.deepEqual(masters.body.user, { name: 'ann', groups: ['system:masters', 'system:authenticated'], extra: {} });
  const plain = await api.as(admin).get(list).set('Impersonate-User', 'ann');
  assert.match(plain.body.message, /User "ann" cannot list/);
  const bob = await api.as(actor).get(list).set('Impersonate-User', 'bob');
  assert.equal(
    bob.body.message,
    'users "bob" is forbidden: User "actor" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
  assert.equal((await api.as(admin).get(list).set('Impersonate-Group', 'x')).status, 400);
});

test('A10: uid, extra values and service accounts are asked for part by part, and none is taken without leave', async () => {
  const actor = await issue(api.authority, { commonName: 'actor' });
  const act = (headers: Record<string, string>) =>
    api
      .as(actor)
      .get(list)
      .set({ 'Impersonate-User': 'ann', 'Impersonate-Group': 'system:masters', ...headers });
  const project = 'Impersonate-Extra-Acme.com%2Fproject';
  const whole = await act({ 'Impersonate-Uid': '7', [project]: 'one' });
  assert.deepEqual(whole.body.user, {
    name: 'ann',
    uid: '7',
    groups: ['system:masters', 'system:authenticated'],
    extra: { 'acme.com/project': ['one'] },
  });
  for (const [headers, refused] of [
    [{ 'Impersonate-Uid': '8' }, /uids\.authentication\.k8s\.io "8" is forbidden: User "actor" cannot impersonate/],
    [
      { [project]: 'two' },
      /userextras\.authentication\.k8s\.io "two" is forbidden: .*"userextras\/acme\.com\/project"/,
    ],
    [{ 'Impersonate-Extra-Other': 'one' }, /cannot impersonate resource "userextras\/other"/],
    [{ 'Impersonate-Group': 'other' }, /groups "other" is forbidden/],
    [{ 'Impersonate-User': 'system:serviceaccount:a:root' }, /serviceaccounts "root" is forbidden: .* namespace "a"/],
  ] as const) {
    const response = await act(headers);
    assert.equal(response.status, 403);
    assert.match(response.body.message, refused);
  }
  // A name that would be asked for as somebody else's is a user like any other.
  assert.equal((await act({ 'Impersonate-User': 'system:serviceaccount:bot' })).status, 403);
  for (const alone of ['Impersonate-Uid', 'Impersonate-Group', 'Impersonate-Extra-x'])
    assert.equal((await api.as(actor).get(list).set(alone, '7')).status, 400, alone);
});

test('the handshake asks for certificates of both authorities and offers HTTP/1.1 alone', async () => {
  const socket = connect({
    port: api.port,
    host: '127.0.0.1',
    ca: api.authority.certificate,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.destroy();
});
