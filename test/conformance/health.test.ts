/** Health, version, metrics, certificates while running, and the orderly end (section 10, A60 to A62, T29, T30, T33). */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { sendJson, startAnswer } from '../../apiserver/edge/respond.ts';
import { endOf } from '../../apiserver/request/end.ts';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { newPrivateKey, signCertificate } from '../../base/certificates/sign.ts';
import { type InjectedServer, issue, type Overrides, startInjected } from './injected-server.ts';

let directory: string;
let api: InjectedServer;
let admin: KeyPair;
let etcd = true;
const list = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';
const ends: (string | undefined)[] = [];

const overrides: Overrides = {
  ready: [
    {
      name: 'etcd',
      check: () => {
        if (!etcd) throw new Error('etcd does not answer');
      },
    },
    {
      name: 'slow',
      check: async () => {
        await delay(5);
      },
    },
  ],
  dispatch: async (context) => {
    if (context.info.verb === 'watch') {
      startAnswer(context, 200, 'application/json');
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      ends.push(endOf(context.signal));
      context.res.end();
      return;
    }
    await delay(context.info.name === 'slow' ? 300 : 0);
    await sendJson(context, 200, { done: true });
  },
};

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  api = await startInjected(directory, overrides);
  admin = await issue(api.authority, { commonName: 'admin', organizations: ['system:masters'] });
});
after(async () => {
  await api.server.stop();
  await rm(directory, { recursive: true, force: true });
});

test('H1: ok, verbose, exclude, one check, failure without reasons', async () => {
  const ready = await api.as().get('/readyz');
  assert.deepEqual([ready.status, ready.text], [200, 'ok']);
  assert.equal(ready.headers['x-content-type-options'], 'nosniff');
  assert.equal(
    (await api.as().get('/readyz?verbose')).text,
    '[+]ping ok\n[+]etcd ok\n[+]slow ok\n[+]shutdown ok\nreadyz check passed\n',
  );
  etcd = false;
  const failed = await api.as().get('/readyz');
  assert.equal(failed.status, 500);
  assert.equal(
    failed.text,
    '[+]ping ok\n[-]etcd failed: reason withheld\n[+]slow ok\n[+]shutdown ok\nreadyz check failed\n',
  );
  assert.equal((await api.as().get('/livez')).status, 200);
  const excluded = await api.as().get('/readyz?exclude=etcd&exclude=nothing&verbose');
  assert.equal(excluded.status, 200);
  assert.match(excluded.text, /\[\+\]etcd excluded: ok\n/);
  assert.match(excluded.text, /warn: some health checks cannot be excluded: no matches for "nothing"\n/);
  etcd = true;
  assert.equal((await api.as(admin).get('/readyz/etcd')).text, 'ok');
  assert.equal((await api.as(admin).get('/readyz/nothing')).status, 404);
  assert.equal((await api.as().get('/readyz/etcd')).status, 403, 'single checks are not open to everybody');
});

test('H3, H4: version, paths, metrics with upstream names and only known resources', async () => {
  assert.equal((await api.as().get('/version')).body.major, '1');
  assert.ok((await api.as(admin).get('/')).body.paths.includes('/apis/torpor.dev/v1alpha1'));
  assert.equal((await api.as().get('/metrics')).status, 403);
  await api.as(admin).get(list);
  await api.as(admin).get('/apis/torpor.dev/v1alpha1/namespaces/a/made-up-by-the-client');
  const { text, headers } = await api.as(admin).get('/metrics');
  assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(
    text,
    /apiserver_request_total\{verb="LIST",group="torpor.dev",version="v1alpha1",resource="virtualmachines",subresource="",scope="namespace",component="apiserver",dry_run="",code="200"\} 1/,
  );
  assert.match(text, /apiserver_request_duration_seconds_bucket\{le="0.005"/);
  assert.match(text, /apiserver_current_inflight_requests\{request_kind="mutating"\} 0/);
  assert.doesNotMatch(text, /made-up-by-the-client/);
});

function serial(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: api.port, host: '127.0.0.1', ca: api.authority.certificate });
    socket.once('error', reject).once('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
  });
}

/** Resolves when the headers are there. */
function open(server: InjectedServer, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const tls = { ca: server.authority.certificate, cert: admin.certificate, key: admin.key, agent: false as const };
    request(`${server.url}${path}`, tls, resolve).on('error', reject).end();
  });
}

const ended = async (response: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
};

test('A62: a new certificate is used by new connections, an old watch goes on', async () => {
  const before = await serial();
  const watch = await open(api, `${list}?watch=true`);
  const key = await newPrivateKey();
  const certificate = await signCertificate(
    { subject: { commonName: 'torpor-apiserver' }, usages: ['server'], names: ['127.0.0.1'], days: 1 },
    createPublicKey(createPrivateKey(key)),
    api.authority,
  );
  api.server.useTls({ serving: { certificate, key }, clientAuthorities: api.authority.certificate });
  assert.notEqual(await serial(), before);
  assert.equal(watch.destroyed, false);
  watch.destroy();
  await delay(50);
  assert.deepEqual(ends.splice(0), ['client-gone']);
});

test('A61: the end: readyz fails, watches end cleanly, a slow request completes, then nothing listens', async () => {
  const other = await startInjected(directory, { ...overrides, limits: { shutdownDelayMs: 300, drainMs: 3_000 } });
  const watch = await open(other, `${list}?watch=true`);
  const stopping = other.server.stop();
  await delay(50);
  assert.equal((await other.as().get('/readyz')).status, 500);
  assert.equal((await other.as().get('/livez')).status, 200);
  const slow = open(other, `${list}/slow`).then(ended);
  assert.equal(await ended(watch), '');
  assert.deepEqual(ends.splice(0), ['shutdown']);
  assert.equal(await slow, '{"done":true}');
  await stopping;
  await assert.rejects(open(other, '/readyz'), /ECONNREFUSED/);
});

test('a connection that never finishes its request does not keep the server from ending', async () => {
  const other = await startInjected(directory, { ...overrides, limits: { drainMs: 200 } });
  const socket = connect({ port: other.port, host: '127.0.0.1', ca: other.authority.certificate });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.on('error', () => {});
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n');
  const started = Date.now();
  await other.server.stop();
  assert.ok(Date.now() - started < 2_000);
});
