/** Authentication by the front proxy's headers (items A4 to A9, T25, T26 of the conformance list). */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { type Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { type InjectedServer, issue, startInjected } from './injected-server.ts';

let directory: string;
let api: InjectedServer;
let proxy: KeyPair;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  api = await startInjected(directory, { uidHeaders: ['X-Remote-Uid'] });
  proxy = await issue(api.proxyAuthority, { commonName: 'front-proxy-client' });
});
after(async () => {
  await api.server.stop();
  await rm(directory, { recursive: true, force: true });
});

const path = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';

/** Raw, because supertest cannot repeat a header. */
function ask(pair: KeyPair | undefined, headers: [string, string][]): Promise<{ code: number; body: never }> {
  return new Promise((resolve, reject) => {
    const options = {
      ca: api.authority.certificate,
      agent: false as unknown as Agent,
      ...(pair ? { cert: pair.certificate, key: pair.key } : {}),
    };
    const sent = request(
      `${api.url}${path}`,
      { ...options, headers: headers.flat() as never, setHost: false },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        res.on('end', () => resolve({ code: res.statusCode ?? 0, body: JSON.parse(text) as never }));
      },
    );
    sent.on('error', reject).end();
  });
}

const host: [string, string] = ['Host', '127.0.0.1'];

test('A5, A6, A8: repeated groups stay whole, also with a comma inside; extra keys are decoded; standard group is added', async () => {
  const { code, body } = await ask(
    proxy,
    [
      host,
      ['X-Remote-User', 'jürgen'],
      ['x-remote-group', 'system:masters'],
      ['X-Remote-Group', 'sales, east'],
      ['X-Remote-Extra-Acme.com%2Fproject', 'one'],
      ['X-Remote-Extra-Acme.com%2FProject', 'two'],
      ['X-Remote-Extra-broken%zz', 'kept'],
      ['X-Remote-Uid', '42'],
    ].map(([name, value]) => [name ?? '', Buffer.from(value ?? '').toString('latin1')] as [string, string]),
  );
  assert.equal(code, 200);
  assert.deepEqual((body as { user: unknown }).user, {
    name: 'jürgen',
    uid: '42',
    groups: ['system:masters', 'sales, east', 'system:authenticated'],
    extra: { 'acme.com/project': ['one', 'two'], 'broken%zz': ['kept'] },
  });
});

test('A4: without a certificate of the proxy the headers are as if they were not there', async () => {
  const { code, body } = await ask(undefined, [host, ['X-Remote-User', 'root'], ['X-Remote-Group', 'system:masters']]);
  assert.equal(code, 403);
  assert.match((body as { message: string }).message, /User "system:anonymous" cannot list/);
});

test('A4: a user of our own authority cannot speak for others', async () => {
  const user = await issue(api.authority, { commonName: 'mallory' });
  const { code, body } = await ask(user, [host, ['X-Remote-User', 'root'], ['X-Remote-Group', 'system:masters']]);
  assert.equal(code, 403);
  assert.match((body as { message: string }).message, /User "mallory" cannot list/);
});

test('a certificate of the proxy authority with another name, or meant for servers, is 401', async () => {
  const headers: [string, string][] = [host, ['X-Remote-User', 'root'], ['X-Remote-Group', 'system:masters']];
  const other = await issue(api.proxyAuthority, { commonName: 'somebody' });
  assert.equal((await ask(other, headers)).code, 401);
  const server = await issue(api.proxyAuthority, { commonName: 'front-proxy-client' }, 'server');
  assert.equal((await ask(server, headers)).code, 401);
});

test('a proxy that names no user is nobody: its own certificate is none of ours', async () => {
  assert.equal((await ask(proxy, [host])).code, 401);
});

test('the aggregator comes without groups and may read discovery all the same (D24)', async () => {
  const response = await api.as(proxy).get('/apis/torpor.dev/v1alpha1').set('X-Remote-User', 'system:kube-aggregator');
  assert.equal(response.status, 200);
  assert.equal(response.body.kind, 'APIResourceList');
});
