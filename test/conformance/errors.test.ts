/** What goes wrong before the verbs: paths, methods, limits, time, faults; and the form of every answer. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { readBody } from '../../apiserver/edge/body.ts';
import { send, sendJson } from '../../apiserver/edge/respond.ts';
import { endOf } from '../../apiserver/request/end.ts';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import { type InjectedServer, issue, startInjected } from './injected-server.ts';

let directory: string;
let api: InjectedServer;
let admin: KeyPair;
let user: KeyPair;
const ends: (string | undefined)[] = [];
const release: (() => void)[] = [];
const list = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  api = await startInjected(directory, {
    limits: { readOnlyInFlight: 2, mutatingInFlight: 1, requestTimeoutMs: 400, drainMs: 500 },
    rules: {
      clusterRole: () => ({ metadata: {}, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] }),
      role: () => undefined,
      clusterRoleBindings: () => [
        {
          metadata: { name: 'all' },
          roleRef: { kind: 'ClusterRole', name: 'all' },
          subjects: [{ kind: 'User', name: 'user' }],
        },
      ],
      roleBindings: () => [],
    },
    dispatch: async (context) => {
      const { info, res, signal, warnings } = context;
      switch (info.name) {
        case 'status':
          throw errors.tooManyRequests('slow down', 7);
        case 'fault':
          throw new Error('secret detail');
        case 'silent':
          return;
        case 'half':
          res.write('{');
          throw new Error('in the middle');
        case 'hang':
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          ends.push(endOf(signal));
          await delay(50);
          return sendJson(context, 200, {});
        case 'wait':
          await new Promise<void>((resolve) => release.push(resolve));
          return sendJson(context, 200, {});
        case 'body':
          return sendJson(context, 200, { length: (await readBody(context)).length });
        case 'large':
          return send(context, 200, Buffer.from(JSON.stringify({ text: 'x'.repeat(200_000) })));
        case 'warned':
          warnings.push('unknown field "spec.x"', 'zweite');
          return sendJson(context, 200, { a: 9007199254740991 });
        default:
          return sendJson(context, 200, { verb: info.verb, name: info.name });
      }
    },
  });
  admin = await issue(api.authority, { commonName: 'admin', organizations: ['system:masters'] });
  user = await issue(api.authority, { commonName: 'user' });
});
after(async () => {
  await api.server.stop();
  await rm(directory, { recursive: true, force: true });
});

test('E23, D4: unknown paths are plain text 404, never a redirect and never HTML', async () => {
  for (const path of [
    '/nowhere',
    '/apis/other.dev/v1/things',
    '/apis/torpor.dev/v9/virtualmachines',
    `${list}//`,
    '/healthz/../version',
    '/Apis',
    '/apis/torpor.dev//v1alpha1',
  ]) {
    const response = await api.as(admin).get(path);
    assert.equal(response.status, 404, path);
    assert.equal(response.text, '404 page not found\n');
    assert.match(response.headers['content-type'] ?? '', /^text\/plain/);
    assert.equal(response.headers.location, undefined);
  }
});

test('Express says nothing of itself', async () => {
  const response = await api.as(admin).get(list);
  assert.equal(response.headers['x-powered-by'], undefined);
  assert.equal(response.headers.etag, undefined);
  assert.equal(response.headers['cache-control'], 'no-cache, private');
  assert.equal(response.headers['content-type'], 'application/json');
});

test('the audit id is the client’s when it is sane, else a new one', async () => {
  assert.equal((await api.as(admin).get(list).set('Audit-ID', 'abc-1')).headers['audit-id'], 'abc-1');
  assert.match(
    (await api.as(admin).get(list).set('Audit-ID', 'x'.repeat(65))).headers['audit-id'] ?? '',
    /^[0-9a-f-]{36}$/,
  );
  assert.match((await api.as(admin).get('/nowhere')).headers['audit-id'] ?? '', /^[0-9a-f-]{36}$/);
});

test('E16: a Status error is answered as it is, with Retry-After', async () => {
  const response = await api.as(admin).get(`${list}/status`);
  assert.equal(response.status, 429);
  assert.equal(response.headers['retry-after'], '7');
  assert.equal(response.body.reason, 'TooManyRequests');
});

test('A55, E17: a fault is a Status 500 without details, and the connection goes on', async () => {
  for (const name of ['fault', 'silent']) {
    const response = await api.as(admin).get(`${list}/${name}`);
    assert.equal(response.status, 500);
    assert.equal(response.body.reason, 'InternalError');
    assert.match(response.body.message, /^Internal error occurred: /);
    assert.equal(response.body.details.causes.length, 1);
    assert.doesNotMatch(response.text, /secret detail/);
  }
});

test('half an answer never looks like a whole one', async () => {
  await assert.rejects(async () => {
    await api.as(admin).get(`${list}/half`);
  });
});

test('A51, E20: the deadline answers 504; ?timeout= asks for less, and nonsense is 400', async () => {
  const started = Date.now();
  const response = await api.as(admin).get(`${list}/hang`);
  assert.equal(response.status, 504);
  assert.equal(response.body.reason, 'Timeout');
  assert.match(response.body.message, /^Timeout: /);
  assert.equal((await api.as(admin).get(`${list}/hang?timeout=50ms`)).status, 504);
  assert.ok(Date.now() - started < 5_000);
  assert.deepEqual(ends.splice(0), ['deadline', 'deadline']);
  const wrong = await api.as(admin).get(`${list}/x?timeout=soon`);
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.message, /invalid timeout specified in the request URL: "soon"/);
});

test('a client that goes away ends the work', async () => {
  const sent = request(`${api.url}${list}/hang`, {
    ca: api.authority.certificate,
    cert: admin.certificate,
    key: admin.key,
  });
  sent.on('error', () => {}).end();
  await delay(150);
  sent.destroy();
  await delay(100);
  assert.deepEqual(ends.splice(0), ['client-gone']);
});

test('A50, E16: above the limits 429 in plain text with Retry-After; watches and administrators are exempt', async () => {
  const waiting = [api.as(user).get(`${list}/wait`), api.as(user).get(`${list}/wait`)].map((one) =>
    one.then((r) => r.status),
  );
  await delay(150);
  const refused = await api.as(user).get(list);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '1');
  assert.match(refused.headers['content-type'] ?? '', /^text\/plain/);
  assert.equal((await api.as(user).post(list).send({})).status, 200, 'writes have a limit of their own');
  assert.equal((await api.as(user).get(`${list}?watch=true`)).status, 200);
  assert.equal((await api.as(admin).get(list)).status, 200);
  for (const done of release.splice(0)) done();
  assert.deepEqual(await Promise.all(waiting), [200, 200]);
  assert.equal((await api.as(user).get(list)).status, 200, 'places are given back');
});

test('A52, E14: bodies up to 3 MiB are read whatever their type, longer ones are 413', async () => {
  const limit = 3 * 1024 * 1024;
  const fine = await api
    .as(admin)
    .post(`${list}/body`)
    .set('Content-Type', 'nonsense')
    .send(Buffer.alloc(limit, 32).toString());
  assert.deepEqual(fine.body, { length: limit });
  const response = await api
    .as(admin)
    .post(`${list}/body`)
    .send(Buffer.alloc(limit + 1, 32).toString());
  assert.equal(response.status, 413);
  assert.equal(response.body.message, 'Request entity too large: limit is 3145728');
  const streamed = await new Promise<number>((resolve, reject) => {
    const sent = request(
      `${api.url}${list}/body`,
      { method: 'POST', ca: api.authority.certificate, cert: admin.certificate, key: admin.key },
      (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    // No Content-Length: the size is only known when it is too late.
    for (let at = 0; at < 4; at++) sent.write(Buffer.alloc(1024 * 1024, 32));
    sent.end();
  });
  assert.equal(streamed, 413);
});

test('C17: large bodies are compressed for those who accept it', async () => {
  const plain = await api.as(admin).get(`${list}/large`).set('Accept-Encoding', 'identity, gzip;q=0');
  assert.equal(plain.headers['content-encoding'], undefined);
  const sent = await new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
    const tls = { ca: api.authority.certificate, cert: admin.certificate, key: admin.key };
    request(`${api.url}${list}/large`, { ...tls, headers: { 'accept-encoding': 'gzip' } }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => resolve({ encoding: res.headers['content-encoding'], body: Buffer.concat(chunks) }));
    })
      .on('error', reject)
      .end();
  });
  assert.equal(sent.encoding, 'gzip');
  assert.ok(sent.body.length < 20_000);
  assert.equal(JSON.parse(gunzipSync(sent.body).toString()).text.length, 200_000);
});

test('warnings and indentation', async () => {
  const response = await api.as(admin).get(`${list}/warned?pretty=true`);
  assert.equal(response.headers.warning, '299 - "unknown field \\"spec.x\\"", 299 - "zweite"');
  assert.equal(response.text, '{\n  "a": 9007199254740991\n}\n');
  assert.equal(
    (await api.as(admin).get(`${list}/warned`).set('User-Agent', 'curl/8')).text,
    '{\n  "a": 9007199254740991\n}\n',
  );
});

test('HEAD is GET without a body; documents know GET and HEAD alone', async () => {
  const head = await api.as(admin).head(`${list}/x`);
  assert.equal(head.status, 200);
  assert.equal(head.text, undefined);
  assert.equal((await api.as(admin).post('/version')).status, 405);
});

test('malformed targets are 400', async () => {
  const response = await new Promise<number>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: api.port,
      path: '/apis/%zz',
      ca: api.authority.certificate,
      cert: admin.certificate,
      key: admin.key,
    };
    request(options, (res) => resolve(res.resume().statusCode ?? 0))
      .on('error', reject)
      .end();
  });
  assert.equal(response, 400);
});
