/** torpor-apiserver as a process in embedded mode, over a real etcd: first start, who may do what, kubectl, the end. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import supertest from 'supertest';
import { openAuthority } from '../../base/certificates/authority.ts';
import { signCertificate } from '../../base/certificates/sign.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { freePort } from '../harness/free-port.ts';

let directory: string;
let etcd: TemporaryEtcd;
let api: ChildProcess;
let port: number;
let output = '';

const root = join(import.meta.dirname, '../..');

function start(...flags: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', 'apiserver/main.ts', ...flags], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return child;
}

const flags = () => [
  '--embedded',
  `--etcd-servers=${etcd.endpoint}`,
  `--secure-port=${port}`,
  `--cert-dir=${directory}/pki`,
  `--kubeconfig-dir=${directory}`,
  '--node-name=n1',
];

async function ready(wanted = 200): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const status = await as('admin')
      .then((agent) => agent.get('/readyz'))
      .then(
        (response) => response.status,
        () => 0,
      );
    if (status === wanted) return;
    await delay(100);
  }
  assert.fail(`/readyz did not answer ${wanted}:\n${output}`);
}

async function as(name: string) {
  const file = (suffix: string) => readFile(join(directory, 'pki', suffix), 'utf8');
  const [ca, cert, key] = await Promise.all([file('ca.crt'), file(`${name}.crt`), file(`${name}.key`)]);
  return supertest.agent(`https://127.0.0.1:${port}`, { ca, cert, key } as never);
}

function kubectl(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const cache = `--cache-dir=${directory}/cache`;
    execFile('kubectl', [`--kubeconfig=${directory}/kubeconfig`, cache, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr });
    });
  });
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  etcd = await startEtcd();
  port = await freePort();
  api = start(...flags());
  await once(api.stdout as NodeJS.ReadableStream, 'data');
  await ready();
});
after(async () => {
  if (api.exitCode === null) api.kill('SIGKILL');
  await etcd.stop();
  await rm(directory, { recursive: true, force: true });
});

test('the first start leaves certificates and kubeconfigs that only their owner can read', async () => {
  for (const name of [
    'pki/ca.key',
    'pki/serving.key',
    'pki/apiserver-client.key',
    'pki/admin.key',
    'pki/launcher-n1.key',
    'kubeconfig',
    'kubeconfigs/reconcilers',
    'kubeconfigs/launcher-n1',
  ]) {
    assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name);
  }
});

test('kubectl: resources, explain, its own kinds in protobuf, access reviews, acting for others', async () => {
  assert.match(
    (await kubectl('api-resources')).text,
    /^virtualmachines\s+vm,vms\s+torpor\.dev\/v1alpha1\s+true\s+VirtualMachine/m,
  );
  assert.match((await kubectl('explain', 'vm.spec')).text, /FIELD: spec <VirtualMachineSpec>|RESOURCE: spec <Object>/);
  assert.match((await kubectl('get', 'vms')).text, /No resources found/);
  for (const args of [
    ['configmap', 'a', '--from-literal=x=y'],
    ['secret', 'generic', 's', '--from-literal=p=q'],
    ['namespace', 'team'],
    ['serviceaccount', 'bot'],
    ['role', 'reader', '--verb=get', '--resource=secrets', '--resource-name=s'],
    ['rolebinding', 'reader', '--role=reader', '--user=bob', '--serviceaccount=default:bot'],
    ['clusterrole', 'viewer', '--verb=get,list', '--resource=virtualmachines.torpor.dev'],
    ['clusterrolebinding', 'viewer', '--clusterrole=viewer', '--group=people'],
    ['rolebinding', 'boss', '--clusterrole=admin', '--user=boss', '-n', 'team'],
  ]) {
    const { code, text } = await kubectl('create', ...args);
    assert.equal(code, 0, text);
  }
  assert.equal((await kubectl('get', 'secret', 's', '-o', 'jsonpath={.data.p}')).text, 'cQ==');
  const can = async (...args: string[]) => (await kubectl('auth', 'can-i', ...args)).text.trim();
  assert.equal(await can('create', 'virtualmachines/console'), 'yes');
  assert.equal(await can('get', 'secret/s', '--as', 'bob'), 'yes');
  assert.equal(await can('get', 'secret/other', '--as', 'bob'), 'no');
  assert.equal(await can('get', 'secret/s', '--as', 'system:serviceaccount:default:bot'), 'yes');
  assert.equal(await can('list', 'vms', '--as', 'x', '--as-group', 'people'), 'yes');
  assert.equal(await can('delete', 'vms', '--as', 'x', '--as-group', 'people'), 'no');
  assert.match(
    (await kubectl('--as', 'bob', 'get', 'secrets')).text,
    /secrets is forbidden: User "bob" cannot list resource "secrets" in API group "" in the namespace "default"/,
  );
});

test('nobody grants more than they hold, whichever way they write', async () => {
  const ask = async (...args: string[]) => (await kubectl('--as', 'boss', '-n', 'team', 'create', ...args)).text;
  assert.match(await ask('rolebinding', 'mine', '--clusterrole=edit', '--user=friend'), /created/);
  assert.match(
    await ask('rolebinding', 'up', '--clusterrole=cluster-admin', '--user=boss'),
    /attempting to grant RBAC permissions not currently held/,
  );
  assert.match(await ask('role', 'up', '--verb=*', '--resource=*.*'), /not currently held/);
});

test('a launcher has its Host and nothing of others; its limits hold inside the write', async () => {
  const launcher = await as('launcher-n1');
  const hosts = '/apis/torpor.dev/v1alpha1/hosts';
  const host = (name: string) => ({ apiVersion: 'torpor.dev/v1alpha1', kind: 'Host', metadata: { name } });
  assert.equal((await launcher.post(hosts).send(host('n1'))).status, 201);
  const other = await launcher.post(hosts).send(host('n2'));
  assert.equal(other.status, 403);
  assert.match(
    other.body.message,
    /hosts\.torpor\.dev "n2" is forbidden: the launcher of node "n1" may only write the object of its own node/,
  );
  assert.equal((await launcher.get('/apis/torpor.dev/v1alpha1/virtualmachines')).status, 403);
  assert.equal(
    (await launcher.get('/apis/torpor.dev/v1alpha1/virtualmachines?fieldSelector=status.nodeName%3Dn1')).status,
    200,
  );
  assert.equal((await launcher.get('/api/v1/namespaces/default/secrets/s')).status, 403);
  assert.equal((await (await as('reconcilers')).get('/api/v1/namespaces/default/secrets/s')).status, 403);
});

test('OpenAPI: every document is there under its hash, with another hash too, never redirected (T4, T5)', async () => {
  const admin = await as('admin');
  const index = await admin.get('/openapi/v3');
  const entries = Object.entries<{ serverRelativeURL: string }>(index.body.paths);
  assert.ok(entries.length >= 5);
  for (const [key, { serverRelativeURL }] of entries) {
    const document = await admin.get(serverRelativeURL);
    assert.equal(document.status, 200, key);
    assert.equal(document.headers['cache-control'], 'public, immutable');
    const stale = await admin.get(serverRelativeURL.replace(/hash=.*/, 'hash=OLD'));
    assert.equal(stale.status, 200, key);
    assert.equal(stale.headers['cache-control'], 'no-cache, private');
    assert.equal((await admin.get(serverRelativeURL).set('If-None-Match', document.headers.etag ?? '')).status, 304);
  }
  const v2 = await admin.get('/openapi/v2').set('Accept', 'application/json');
  assert.equal(v2.body.swagger, '2.0');
  assert.equal((await admin.get('/openapi/v2').set('If-None-Match', v2.headers.etag ?? '')).status, 304);
  assert.equal((await admin.get('/openapi/v3/apis/nothing/v1')).status, 404);
});

test('D12, E33: with etcd frozen discovery answers at once, readyz fails, reads are 503 and never 404', async () => {
  const reconcilers = await as('reconcilers');
  etcd.freeze();
  try {
    const started = Date.now();
    assert.equal((await reconcilers.get('/apis/torpor.dev/v1alpha1')).status, 200);
    assert.ok(Date.now() - started < 1_000);
    assert.equal((await reconcilers.get('/livez')).status, 200);
    assert.equal((await reconcilers.get('/readyz')).status, 500);
    const read = await reconcilers.get('/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines/x');
    assert.equal(read.status, 503, read.text);
    assert.ok(read.headers['retry-after']);
  } finally {
    etcd.thaw();
  }
  await ready();
});

/** Serial number of the certificate that a new connection sees. */
function served(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('error', reject).once('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
  });
}

test('A62: a serving certificate that is replaced on disk is used within seconds, a broken one is not', async () => {
  const [authority, first] = [await openAuthority(join(directory, 'pki'), 'torpor-ca'), await served()];
  const path = join(directory, 'pki/serving.crt');
  const key = createPublicKey(await readFile(join(directory, 'pki/serving.key'), 'utf8'));
  const request = {
    subject: { commonName: 'torpor-apiserver' },
    usages: ['server'],
    names: ['127.0.0.1'],
    days: 1,
  } as const;
  const certificate = await signCertificate(request, key, authority);
  await writeFile(path, certificate);
  const wanted = new X509Certificate(certificate).serialNumber;
  assert.notEqual(first, wanted);
  for (let attempt = 0; attempt < 200 && (await served()) !== wanted; attempt++) await delay(100);
  assert.equal(await served(), wanted);
  const seen = output.length;
  await writeFile(path, 'nonsense');
  while (!output.slice(seen).includes('changed files cannot be used')) await delay(100);
  assert.equal(await served(), wanted);
});

test('SIGTERM is an orderly end with status 0; the next start mends what is broken', async () => {
  api.kill('SIGTERM');
  assert.deepEqual(await once(api, 'exit'), [0, null]);
  api = start(...flags());
  await ready();
  assert.equal(await served(), new X509Certificate(await readFile(join(directory, 'pki/serving.crt'))).serialNumber);
});

test('a port that is taken is said, with exit code 1', async () => {
  const before = output.length;
  const [code] = await once(start(...flags()), 'close');
  assert.equal(code, 1);
  assert.match(output.slice(before), /cannot listen on 127\.0\.0\.1 port \d+: .*EADDRINUSE.*choose another with/);
});

test('flags: what is missing or not supported is said at once, with exit code 2', async () => {
  for (const [given, expected] of [
    [['--cert-dir=/tmp/x'], /give --kubeconfig to serve behind a Kubernetes cluster .*, or --embedded/],
    [['--embedded', '--cert-dir=/tmp/x', '--kubeconfig=/tmp/x'], /--kubeconfig and --embedded exclude each other/],
    [['--embedded'], /--cert-dir/],
    [['--embedded', '--cert-dir=/tmp/x', '--nonsense'], /unknown flag: --nonsense/],
    [['--embedded', '--cert-dir=/tmp/x', '--kubeconfig-dir=/tmp/x'], /--kubeconfig-dir needs --node-name/],
  ] as const) {
    const before = output.length;
    const [code] = await once(start(...given), 'close');
    assert.equal(code, 2);
    assert.match(output.slice(before), expected);
  }
});
