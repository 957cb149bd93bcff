/** Debian's kubectl, which knows only /openapi/v2 in protobuf, straight against torpor-apiserver in embedded mode. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import supertest from 'supertest';
import { kubectlOf } from '../harness/kubectls.ts';
import { type KubectlBench, startKubectlBench } from './kubectl.ts';
import { machine } from './machines.ts';

let bench: KubectlBench;

const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** With the @ it is what clients ask for. */
const asked = protobuf.replace('v2.v1.0', 'v2@v1.0');

before(async () => {
  bench = await startKubectlBench((await kubectlOf('bookworm')).program);
});
after(() => bench?.stop());

const says = (...args: string[]) => bench.ok(...args);
const manifest = (...objects: object[]) => bench.manifest({ apiVersion: 'v1', kind: 'List', items: objects });

async function admin() {
  const file = (suffix: string) => readFile(join(bench.directory, 'pki', suffix), 'utf8');
  const [ca, cert, key] = await Promise.all([file('ca.crt'), file('admin.crt'), file('admin.key')]);
  return supertest.agent(bench.url, { ca, cert, key } as never);
}

test('O3: /openapi/v2 in protobuf beside JSON: type, ETag, what is not served', async () => {
  const agent = await admin();
  const get = (accept: string) => agent.get('/openapi/v2').set('Accept', accept).buffer(true);
  for (const accept of [asked, protobuf, `text/html, ${asked}`, `application/json;q=0.5,${asked}`]) {
    const answer = await get(accept).expect(200);
    assert.equal(answer.headers['content-type'], protobuf, accept);
    assert.match(answer.headers.etag ?? '', /^"[0-9A-F]{128}"$/);
    assert.match(answer.headers.vary ?? '', /Accept/);
    await get(accept)
      .set('If-None-Match', answer.headers.etag ?? '')
      .expect(304);
  }
  const json = await get('application/json').expect(200);
  const binary = await get(asked).expect(200);
  assert.notEqual(json.headers.etag, binary.headers.etag);
  for (const accept of ['*/*', `application/json,${asked}`])
    assert.equal((await get(accept)).headers['content-type'], 'application/json', accept);
  const refused = await get('text/html').expect(406);
  assert.match(refused.body.message, /application\/json, application\/com\.github\.proto-openapi/);
});

test('apply, again, get, diff, a change, a dry run, labels, deletion', async () => {
  const file = await manifest(machine('web'));
  assert.match(await says('apply', '-f', file), /virtualmachine\.torpor\.dev\/web created/);
  assert.match(await says('apply', '-f', file), /virtualmachine\.torpor\.dev\/web unchanged/);
  assert.match(await says('get', 'vm'), /^web\s+Pending/m);
  assert.equal(await says('diff', '-f', file), '');
  const bigger = await manifest(
    machine('web', ({ spec }) => {
      spec.domain.memory.guest = '256Mi';
    }),
  );
  const diff = await bench.run('diff', '-f', bigger);
  assert.equal(diff.code, 1, diff.text);
  assert.match(diff.text, /^-\s+guest: 128Mi\n\+\s+guest: 256Mi$/m);
  assert.match(await says('apply', '-f', bigger, '--dry-run=server'), /web configured \(server dry run\)/);
  const memory = ['get', 'vm', 'web', '-o', 'jsonpath={.spec.domain.memory.guest}'];
  assert.equal(await says(...memory), '128Mi');
  assert.match(await says('apply', '-f', bigger), /web configured/);
  assert.equal(await says(...memory), '256Mi');
  assert.match(await says('label', 'vm', 'web', 'tier=front'), /labeled/);
  assert.match(await says('delete', 'vm', 'web', '--wait=false'), /deleted/);
  const removed = says('wait', 'vm/web', '--for=delete', '--timeout=30s');
  // It refuses to wait for what is gone when it begins. Nobody but this test looks after machines here.
  await delay(2_000);
  await says('patch', 'vm', 'web', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  await removed;
  assert.match((await bench.run('get', 'vm', 'web')).text, /NotFound/);
});

test('validation before anything is sent: unknown fields, wrong types, missing fields', async () => {
  const refused = async (file: string, wanted: RegExp) => {
    for (const verb of [['create', '--validate'], ['apply']]) {
      const { code, text } = await bench.run(...verb, '-f', file);
      assert.equal(code, 1, text);
      assert.match(text, wanted);
    }
  };
  const wrong = (name: string, change: (spec: { domain: Record<string, unknown> }) => void) =>
    manifest(machine(name, ({ spec }) => change(spec)));
  await refused(
    await wrong('misspelt', ({ domain }) => {
      domain.cpus = { cores: 1 };
    }),
    /error validating data: ValidationError\(VirtualMachine\.spec\.domain\): unknown field "cpus" in dev\.torpor\.v1alpha1\.Domain/,
  );
  await refused(
    await wrong('mistyped', ({ domain }) => {
      domain.cpu = { cores: 'two' };
    }),
    /VirtualMachine\.spec\.domain\.cpu\.cores\): invalid type for .*: got "string", expected "integer"/,
  );
  // A quantity may be a number, too.
  const numbers = await wrong('numbers', ({ domain }) => {
    domain.memory = { guest: 134_217_728 };
  });
  assert.match(await says('create', '--validate', '-f', numbers), /numbers created/);
});

test('explain, one field and the whole tree', async () => {
  const domain = await says('explain', 'vm.spec.domain');
  assert.match(domain, /KIND:\s+VirtualMachine\nVERSION:\s+torpor\.dev\/v1alpha1/);
  assert.match(domain, /^ {3}cpu\t<Object>$/m);
  assert.match(domain, /^ {3}memory\t<Object>$/m);
  const tree = await says('explain', 'vm', '--recursive');
  assert.match(tree, /^ {3}spec\t<Object>$/m);
  assert.match(tree, /^ {9}cpu\t<Object>$/m);
  assert.match(tree, /^ {6}labels\t<map\[string\]string>$/m);
  assert.match(tree, /^ {6}finalizers\t<\[\]string>$/m);
  assert.match(await says('explain', 'secret.data'), /FIELD: {4}data <map\[string\]string>/);
  const missing = await bench.run('explain', 'vm.spec.nothing');
  assert.equal(missing.code, 1);
  assert.match(missing.text, /field "nothing" does not exist/);
});

test('the kinds of Kubernetes: ConfigMap and Secret applied, changed, replaced, described, deleted', async () => {
  const configMap = (value: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
    data: { a: value, no: 'off' },
  });
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, data: { password: 'aHVudGVyMg==' } };
  const file = await manifest(configMap('1'), secret);
  assert.equal(await says('apply', '-f', file), 'configmap/settings created\nsecret/key created\n');
  assert.equal(await says('apply', '-f', file), 'configmap/settings unchanged\nsecret/key unchanged\n');
  const changed = await manifest(configMap('2'), secret);
  assert.equal(await says('apply', '-f', changed), 'configmap/settings configured\nsecret/key unchanged\n');
  assert.equal(await says('get', 'cm', 'settings', '-o', 'jsonpath={.data.a}'), '2');
  assert.match(await says('replace', '-f', file), /configmap\/settings replaced\nsecret\/key replaced/);
  assert.match(await says('describe', 'secret', 'key'), /password: {2}7 bytes/);
  assert.match(await says('delete', '-f', changed), /"settings" deleted\nsecret "key" deleted/);
});

test('wait for a condition that comes', async () => {
  await says('apply', '-f', await manifest(machine('waiting')));
  const waiting = says('wait', 'vm/waiting', '--for=condition=Scheduled', '--timeout=30s');
  await delay(500);
  const condition = { type: 'Scheduled', status: 'True', reason: 'Scheduled', message: 'on n1' };
  await (await admin())
    .patch('/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines/waiting/status')
    .set('Content-Type', 'application/merge-patch+json')
    .send(JSON.stringify({ status: { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] } }))
    .expect(200);
  assert.match(await waiting, /condition met/);
});

test('what one may do: all at once, and one question', async () => {
  assert.match(await says('auth', 'can-i', '--list'), /\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/);
  assert.equal(await says('auth', 'can-i', 'create', 'virtualmachines/console'), 'yes\n');
});
