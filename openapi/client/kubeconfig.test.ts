import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, KubeconfigError } from './kubeconfig.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-kubeconfig-'));
});
after(() => rm(directory, { recursive: true }));

async function write(name: string, value: unknown): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

const config = (user: object, cluster: object = {}) => ({
  'current-context': 'main',
  contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:7443/base', ...cluster } }],
  users: [{ name: 'u', user }],
});
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('certificates from data, namespace and server from the context', async () => {
  const path = await write(
    'data',
    config(
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
      { 'certificate-authority-data': base64('CA') },
    ),
  );
  const connection = await connect({ path });
  assert.equal(connection.server.href, 'https://127.0.0.1:7443/base');
  assert.equal(connection.namespace, 'team');
  const { tls, headers } = await connection.authorize();
  assert.deepEqual([String(tls.ca), String(tls.cert), String(tls.key)], ['CA', 'CERT', 'KEY']);
  assert.deepEqual(headers, {});
});

test('files are found beside the kubeconfig', async () => {
  await write('ca.crt', 'CA');
  await write('token', 'abc\n');
  const path = await write(
    'files',
    config({ tokenFile: 'token' }, { 'certificate-authority': 'ca.crt', 'tls-server-name': 'name' }),
  );
  const { tls, headers } = await (await connect({ path })).authorize();
  assert.equal(String(tls.ca), 'CA');
  assert.equal(tls.servername, 'name');
  assert.equal(headers.authorization, 'Bearer abc');
});

test('YAML, tokens and passwords', async () => {
  const yaml =
    'current-context: a\ncontexts:\n- name: a\n  context: {cluster: c, user: u}\nclusters:\n- name: c\n  cluster: {server: "http://x:1", insecure-skip-tls-verify: true}\nusers:\n- name: u\n  user: {username: me, password: pw}\n';
  const connection = await connect({ path: await write('yaml', yaml) });
  const { tls, headers } = await connection.authorize();
  assert.equal(connection.namespace, 'default');
  assert.equal(tls.rejectUnauthorized, false);
  assert.equal(headers.authorization, `Basic ${base64('me:pw')}`);
});

test('what is missing is named', async () => {
  const cases: [string | object, RegExp][] = [
    [config({}), /./],
    ['', /is empty/],
    ['{', /is not valid YAML/],
    [{ contexts: [] }, /no current-context/],
    [{ 'current-context': 'x' }, /no context named "x"/],
    [{ ...config({}), clusters: [] }, /no cluster named "c"/],
    [{ ...config({}), users: [] }, /no user named "u"/],
  ];
  for (const [index, [value, why]] of cases.slice(1).entries()) {
    const path = await write(`bad${index}`, value);
    await assert.rejects(
      connect({ path }),
      (error) => error instanceof KubeconfigError && why.test(error.message),
      String(why),
    );
  }
  await assert.rejects(connect({ path: join(directory, 'nowhere') }), /cannot read the kubeconfig .*nowhere/);
  const path = await write('nofile', config({ 'client-certificate': 'nowhere.crt' }));
  await assert.rejects((await connect({ path })).authorize(), /cannot read .*nowhere.crt, which the kubeconfig names/);
});

test('a user with an exec plugin logs in through it', async () => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-plugin' },
  };
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
    interactiveMode: 'Never',
  };
  const connection = await connect({ path: await write('exec', config({ exec })) });
  assert.equal((await connection.authorize()).headers.authorization, 'Bearer from-plugin');
  assert.equal(connection.namespace, 'team');
});
