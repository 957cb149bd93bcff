/** What kubectl does with the kinds that are built into it: strategic merge patches (P2, O12), and who one is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlBench, startKubectlBench } from './kubectl.ts';

let bench: KubectlBench;
before(async () => {
  bench = await startKubectlBench();
});
after(() => bench?.stop());

const get = async (...args: string[]) => JSON.parse(await bench.ok('get', ...args, '-o', 'json'));
const apply = (manifest: unknown) => bench.withFile(manifest, 'apply', '-f');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret = (stringData: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credentials', ...metadata },
  type: 'Opaque',
  stringData,
});

test('apply of a Secret: made, unchanged, changed; what others added stays', async () => {
  assert.match(
    await apply(secret({ a: '1', b: '2' }, { labels: { tier: 'x', old: 'y' } })),
    /secret\/credentials created/,
  );
  assert.match(await bench.ok('label', 'secret', 'credentials', 'mine=z'), /labeled/);
  assert.match(await bench.ok('annotate', 'secret', 'credentials', 'note=kept'), /annotated/);
  const changed = await apply(secret({ a: '1', b: '3' }, { labels: { tier: 'x' } }));
  assert.match(changed, /secret\/credentials configured/);
  const { data, metadata } = await get('secret', 'credentials');
  assert.deepEqual(data, { a: base64('1'), b: base64('3') });
  assert.deepEqual(metadata.labels, { tier: 'x', mine: 'z' });
  assert.equal(metadata.annotations.note, 'kept');
  await bench.ok('label', 'secret', 'credentials', 'mine-', 'tier=w', '--overwrite');
  assert.deepEqual((await get('secret', 'credentials')).metadata.labels, { tier: 'w' });
});

test('apply of a ConfigMap: a key that is gone from the manifest goes; the same again changes nothing', async () => {
  const config = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data });
  await apply(config({ a: '1', b: '2' }));
  assert.match(await apply(config({ a: '1', c: '3' })), /configured/);
  assert.deepEqual((await get('configmap', 'c')).data, { a: '1', c: '3' });
  const { resourceVersion } = (await get('configmap', 'c')).metadata;
  assert.match(await apply(config({ a: '1', c: '3' })), /unchanged/);
  assert.equal((await get('configmap', 'c')).metadata.resourceVersion, resourceVersion);
  assert.match(
    await bench.withFile(config({ a: '2' }), 'diff', '-f').catch(String),
    /-\s+a: "1"\n-\s+c: "3"\n\+\s+a: "2"/,
  );
});

test('apply of Role, RoleBinding, Namespace, ServiceAccount and claim, changed and applied again', async () => {
  const group = 'rbac.authorization.k8s.io';
  const role = (...verbs: string[]) => ({
    apiVersion: `${group}/v1`,
    kind: 'Role',
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs }],
  });
  const binding = (...names: string[]) => ({
    apiVersion: `${group}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'reader' },
    subjects: names.map((name) => ({ kind: 'User', apiGroup: group, name })),
    roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
  });
  const account = (...names: string[]) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'bot' },
    secrets: names.map((name) => ({ name })),
  });
  const namespace = (team: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n', labels: { team } },
  });
  const claim = (storage: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'disk' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });
  const list = (...items: unknown[]) => ({ apiVersion: 'v1', kind: 'List', items });
  const first = list(role('get'), binding('eve'), account('a', 'b'), namespace('x'), claim('1Gi'));
  const second = list(role('get', 'list'), binding('bob', 'eve'), account('b', 'c'), namespace('y'), claim('2Gi'));
  assert.equal((await apply(first)).match(/created/g)?.length, 5);
  assert.equal((await apply(second)).match(/configured/g)?.length, 5);
  assert.equal((await apply(second)).match(/unchanged/g)?.length, 5);
  assert.deepEqual((await get('role', 'reader')).rules[0].verbs, ['get', 'list']);
  assert.deepEqual(
    (await get('rolebinding', 'reader')).subjects.map(({ name }: { name: string }) => name),
    ['bob', 'eve'],
  );
  assert.deepEqual((await get('sa', 'bot')).secrets, [{ name: 'b' }, { name: 'c' }]);
  assert.equal((await get('ns', 'n')).metadata.labels.team, 'y');
  assert.equal((await get('pvc', 'disk')).spec.resources.requests.storage, '2Gi');
});

test('patch: by key, as a set, with directives; what is wrong is 400 with a reason', async () => {
  await bench.ok('create', 'serviceaccount', 'patched');
  const patch = (patch: object) => bench.ok('patch', 'sa', 'patched', '-p', JSON.stringify(patch));
  const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: `c-${uid}`, uid });
  await patch({ metadata: { ownerReferences: [owner('1'), owner('2')], finalizers: ['a.b/c'] } });
  await patch({ metadata: { ownerReferences: [{ $patch: 'delete', uid: '1' }], finalizers: ['d.e/f'] } });
  const { metadata } = await get('sa', 'patched');
  assert.deepEqual(metadata.ownerReferences, [owner('2')]);
  assert.deepEqual([...metadata.finalizers].sort(), ['a.b/c', 'd.e/f']);
  await patch({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a.b/c', 'd.e/f'] } });
  assert.equal((await get('sa', 'patched')).metadata.finalizers, undefined);
  await assert.rejects(patch({ secrets: [{ uid: 'x' }] }), /every item of secrets must be an object with name/);
});

test('edit, create --dry-run and delete of these kinds', async () => {
  await bench.ok('create', 'configmap', 'edited', '--from-literal=k=before');
  assert.match(await bench.ok('edit', 'configmap', 'edited'), /configmap\/edited edited/);
  assert.equal((await get('configmap', 'edited')).data.k, 'after');
  await bench.ok('create', 'secret', 'generic', 'fresh', '--from-literal=p=q');
  const dry = await bench.ok('create', 'secret', 'generic', 'never', '--from-literal=p=q', '--dry-run=server');
  assert.match(dry, /created \(server dry run\)/);
  assert.match((await bench.run('get', 'secret', 'never')).text, /not found/);
  assert.match(await bench.ok('delete', 'secret', 'fresh', 'credentials'), /"fresh" deleted/);
});

test('B1 to B3: the default roles are there and hold; the next start gives back what they lack', async () => {
  const rbac = 'rbac.authorization.kubernetes.io';
  const roles = await bench.ok('get', 'clusterroles', '-o', 'name');
  for (const name of ['cluster-admin', 'admin', 'edit', 'view']) {
    assert.match(roles, new RegExp(`^clusterrole\\.rbac\\.authorization\\.k8s\\.io/${name}$`, 'm'));
  }
  await bench.ok('create', 'rolebinding', 'looks', '--clusterrole=view', '--user=ann');
  const can = async (...what: string[]) => (await bench.run('auth', 'can-i', ...what, '--as=ann')).text.trim();
  assert.equal(await can('list', 'vms'), 'yes');
  assert.equal(await can('create', 'vms'), 'no');
  const other = [
    { op: 'replace', path: '/rules', value: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
  ];
  await bench.ok('patch', 'clusterrole', 'view', '--type=json', '-p', JSON.stringify(other));
  await bench.ok('delete', 'clusterrole', 'edit');
  await bench.ok('annotate', '--overwrite', 'clusterrole', 'admin', `${rbac}/autoupdate=false`);
  await bench.ok('patch', 'clusterrole', 'admin', '--type=merge', '-p', '{"rules":[]}');
  assert.equal(await can('list', 'vms'), 'no');
  await bench.restart();
  assert.equal(await can('list', 'vms'), 'yes');
  assert.equal(await can('get', 'secrets'), 'yes');
  await bench.ok('get', 'clusterrole', 'edit');
  assert.deepEqual((await get('clusterrole', 'admin')).rules, []);
});

test('auth whoami', async (t) => {
  if (!(await bench.ok('auth', '--help')).includes('whoami')) return t.skip('this kubectl is older than 1.26');
  const { status } = JSON.parse(await bench.ok('auth', 'whoami', '-o', 'json'));
  assert.equal(status.userInfo.username, 'torpor-admin');
  assert.deepEqual(status.userInfo.groups, ['system:masters', 'system:authenticated']);
  assert.match(await bench.ok('auth', 'whoami', '--as', 'bob', '--as-group', 'people'), /bob[\s\S]*people/);
});

test('P2: our own kinds are patched by merge patch, which kubectl chooses by itself', async () => {
  const machine = (memory: string) => ({
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web' },
    spec: { runStrategy: 'Halted', domain: { memory: { guest: memory }, devices: {} } },
  });
  await apply(machine('128Mi'));
  assert.match(await apply(machine('256Mi')), /configured/);
  assert.equal((await get('vm', 'web')).spec.domain.memory.guest, '256Mi');
  await bench.ok('label', 'vm', 'web', 'a=b');
  assert.equal((await get('vm', 'web')).metadata.labels.a, 'b');
});

test('O26, O27: a misspelled field of a machine is refused, whichever way kubectl writes it; who asks for less gets it', async () => {
  const manifest = (name: string, spec: object = {}) => ({
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: { runStrategy: 'Halted', domain: { memory: { guest: '128Mi' }, devices: {} }, ...spec },
  });
  const typo = manifest('typo', { hostnam: 'before' });
  for (const verb of ['create', 'apply']) {
    await assert.rejects(
      bench.withFile(typo, verb, '-f'),
      /strict decoding error: unknown field "spec\.hostnam"/,
      verb,
    );
  }
  await bench.withFile(typo, 'apply', '--validate=ignore', '-f');
  assert.equal((await get('vm', 'typo')).spec.hostnam, undefined);
  await bench.withFile(manifest('edited', { hostname: 'before' }), 'create', '-f');
  await bench.ok('edit', 'vm', 'edited');
  assert.equal((await get('vm', 'edited')).spec.hostname, 'after');
  // Neither label nor patch sends what it wants to be validated.
  await bench.ok('label', 'vm', 'edited', 'a=b');
  const patch = bench.ok('patch', 'vm', 'edited', '--type=merge', '-p', '{"spec":{"hostnam":"x"}}');
  await assert.rejects(patch, /strict decoding error: unknown field "spec\.hostnam"/);
});
