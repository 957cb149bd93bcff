/** Roles of the cluster over machines and their subresources, and who a caller is on the other side of kube-apiserver. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { type BoundKubectl, bindKubectl } from './kubectl.ts';
import { machine } from './machines.ts';

const namespace = 'access';
const users = { viewer: 'view', editor: 'edit', owner: 'admin' } as const;

let cluster: Cluster;
let kubectl: BoundKubectl;
before(async () => {
  cluster = await clusterUp();
  kubectl = await bindKubectl(cluster);
  await kubectl.ok(['create', 'namespace', namespace]);
  for (const [user, role] of Object.entries(users))
    await says('create', 'rolebinding', user, `--clusterrole=${role}`, `--user=${user}`);
  await says('create', 'rolebinding', 'team', '--clusterrole=edit', '--group=team, east');
  // Roles get their rules from a controller.
  await until('the roles know machines', async () =>
    (await can('viewer', 'list', 'virtualmachines')) ? true : undefined,
  );
  await kubectl.ok(['-n', namespace, 'create', '-f', '-'], machine('web'));
});
after(async () => {
  await kubectl.ok(['delete', 'namespace', namespace, '--wait=false']);
  await kubectl.close();
});

const says = (...args: string[]) => kubectl.ok(['-n', namespace, ...args]);
const can = async (user: string, verb: string, resource: string) => {
  const { stdout } = await kubectl.run([
    '-n',
    namespace,
    `--as=${user}`,
    'auth',
    'can-i',
    verb,
    `${resource}.torpor.dev`,
  ]);
  return stdout.trim() === 'yes';
};
/** `auth can-i` takes a subresource by a flag. */
const canSub = async (user: string, verb: string, subresource: string) => {
  const question = ['auth', 'can-i', verb, 'virtualmachines.torpor.dev', `--subresource=${subresource}`];
  return (await kubectl.run(['-n', namespace, `--as=${user}`, ...question])).stdout.trim() === 'yes';
};

test('A2: the account of our server may ask what it needs and nothing else, and is refused nothing', async () => {
  const account = '--as=system:serviceaccount:torpor-system:torpor-apiserver';
  const may = async (...question: string[]) =>
    (await kubectl.run([account, 'auth', 'can-i', ...question])).stdout.trim() === 'yes';
  const needed = [
    ['create', 'tokenreviews.authentication.k8s.io'],
    ['create', 'subjectaccessreviews.authorization.k8s.io'],
    ['watch', 'configmaps/extension-apiserver-authentication', '-n', 'kube-system'],
    ['watch', 'namespaces'],
    ['watch', 'mutatingwebhookconfigurations.admissionregistration.k8s.io'],
    ['watch', 'validatingwebhookconfigurations.admissionregistration.k8s.io'],
    ['watch', 'resourcequotas', '-A'],
    ['update', 'resourcequotas', '--subresource=status', '-A'],
  ];
  for (const question of needed) assert.ok(await may(...question), question.join(' '));
  const foreign = [
    ['get', 'secrets', '-A'],
    ['list', 'configmaps', '-n', 'kube-system'],
    ['create', 'pods', '-A'],
    ['update', 'namespaces'],
    ['impersonate', 'users'],
    ['create', 'clusterrolebindings.rbac.authorization.k8s.io'],
  ];
  for (const question of foreign) assert.ok(!(await may(...question)), question.join(' '));
  const log = await readFile(cluster.logOf('torpor-apiserver'), 'utf8');
  // Rights that were granted a moment before the start may come a moment after it.
  const since = log.slice(log.lastIndexOf('"msg":"ready"'));
  assert.notEqual(since, '');
  assert.doesNotMatch(since, /forbidden: User \\"system:serviceaccount:torpor-system:torpor-apiserver\\"/);
});

test('A20: view, edit and admin have rights on machines and their subresources, and others have none', async () => {
  const table = [
    ['get', '', [true, true, true, false]],
    ['watch', '', [true, true, true, false]],
    ['create', '', [false, true, true, false]],
    ['deletecollection', '', [false, true, true, false]],
    ['get', 'console', [false, true, true, false]],
    ['create', 'console', [false, true, true, false]],
    ['create', 'restart', [false, true, true, false]],
    ['get', 'status', [true, true, true, false]],
    ['update', 'status', [false, false, false, false]],
    ['create', 'binding', [false, false, false, false]],
  ] as const;
  for (const [verb, subresource, wanted] of table) {
    const answers = [];
    for (const user of [...Object.keys(users), 'stranger'])
      answers.push(await (subresource === '' ? can(user, verb, 'virtualmachines') : canSub(user, verb, subresource)));
    assert.deepEqual(answers, wanted, `${verb} ${subresource || 'virtualmachines'}`);
  }
  assert.match((await kubectl.run(['auth', 'can-i', 'get', 'virtualmachines/console'])).stdout, /^yes/);
});

test('D2, A20: who asks for somebody else is that somebody on our side, with groups as they are written', async () => {
  assert.match(await says('--as=viewer', 'get', 'vms'), /^web\s/m);
  const refused = await kubectl.run(['-n', namespace, '--as=viewer', 'delete', 'vm', 'web']);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /Forbidden.*User "viewer" cannot delete resource "virtualmachines" in API group "torpor\.dev"/,
  );
  // Neither half of the name is a group that may.
  const team = ['--as=eve', '--as-group=team, east'];
  assert.match(await says(...team, 'label', 'vm', 'web', 'a=b'), /labeled/);
  const other = await kubectl.run([
    '-n',
    namespace,
    '--as=eve',
    '--as-group=team',
    '--as-group=east',
    'label',
    'vm',
    'web',
    'a=c',
  ]);
  assert.match(other.stderr, /User "eve" cannot get resource/);
});

test('D2: the token of a service account is known on both ways, through kube-apiserver and straight', async () => {
  await says('create', 'serviceaccount', 'robot');
  await says('create', 'rolebinding', 'robot', '--clusterrole=view', `--serviceaccount=${namespace}:robot`);
  const secret = await until('the account has a token', async () => {
    const name = await says('get', 'serviceaccount', 'robot', '-o', 'jsonpath={.secrets[0].name}');
    return name === '' ? undefined : name;
  });
  const token = Buffer.from(await says('get', 'secret', secret, '-o', 'jsonpath={.data.token}'), 'base64').toString();
  for (const server of [cluster.server, cluster.direct]) {
    const bare = ['--kubeconfig=/dev/null', `--server=${server}`, `--token=${token}`, '--insecure-skip-tls-verify'];
    const list = await kubectl.run([
      ...bare,
      '-n',
      namespace,
      'get',
      '--raw',
      `/apis/torpor.dev/v1alpha1/namespaces/${namespace}/virtualmachines`,
    ]);
    assert.equal(list.code, 0, list.stderr);
    assert.equal(JSON.parse(list.stdout).items[0].metadata.name, 'web');
    const refused = await kubectl.run([...bare, 'get', '--raw', '/apis/torpor.dev/v1alpha1/virtualmachines']);
    assert.match(
      refused.stderr,
      /User "system:serviceaccount:access:robot" cannot list resource "virtualmachines" .* at the cluster scope/,
    );
  }
});
