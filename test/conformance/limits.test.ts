/** How much a request may be, take and answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, describe, test } from 'node:test';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { machine } from './machines.ts';
import { startWholeServer, type WholeServer } from './whole-server.ts';

const MACHINES = '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines';

describe('limits', () => {
  let t: WholeServer;
  let admin: KeyPair;
  before(async () => {
    t = await startWholeServer(() => ['--embedded', '--request-timeout=2s']);
    admin = await t.user('admin', 'system:masters');
  });
  after(() => t?.stop());

  const post = (body: string, type = 'application/json') =>
    t.as(admin).post(`${MACHINES}?dryRun=All`).set('Content-Type', type).send(body);
  const start = (method: string, path: string, headers: Record<string, string> = {}) => {
    const tls = { ca: t.own.certificate, cert: admin.certificate, key: admin.key };
    return request(`https://127.0.0.1:${t.port}${path}`, { method, headers, agent: false, ...tls });
  };

  test('A51: an upload that is too slow is answered 504 at the deadline, and its connection is closed', async () => {
    const sent = start('POST', MACHINES, {
      connection: 'keep-alive',
      'content-type': 'application/json',
      'content-length': '1000',
    });
    sent.write('{"metadata":');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 504);
    assert.equal(response.headers.connection, 'close');
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    const status = JSON.parse(text);
    assert.equal(status.reason, 'Timeout');
    assert.match(status.message, /^Timeout: request did not complete/);
    if (!sent.socket?.destroyed) await once(sent.socket ?? assert.fail(), 'close');
  });

  test('A51: ?timeout= takes a Go duration, only shortens, and is refused when it is none', async () => {
    for (const fine of ['1m30s', '500ms', '0', '1h', '']) {
      assert.equal((await t.as(admin).get(`${MACHINES}?timeout=${fine}`)).status, 200, fine);
    }
    for (const wrong of ['30', 'soon', '-1s', '1d', '1 s']) {
      const { status, body } = await t.as(admin).get(`${MACHINES}?timeout=${encodeURIComponent(wrong)}`);
      assert.deepEqual([status, body.reason], [400, 'BadRequest'], wrong);
    }
  });

  test('A52: bodies that grow when they are read are refused before they do', async () => {
    const deep = (open: string, close: string, depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
    const references = 'abcdefghijklmnop'
      .split('')
      .map(
        (key, index, keys) =>
          `${key}: &${key} [${Array(9)
            .fill(index === 0 ? 'x' : `*${keys[index - 1]}`)
            .join(',')}]`,
      )
      .join('\n');
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    for (const [body, type] of [
      [`{"metadata":${deep('{"a":', '}', 100_000)}}`, 'application/json'],
      [`{"spec":${deep('[', ']', 1_000_000)}}`, 'application/json'],
      [`spec: ${deep('[', ']', 50_000)}`, 'application/yaml'],
      [`spec: ${deep('{a: ', '}', 50_000)}`, 'application/yaml'],
      [references, 'application/yaml'],
      [`a: &a [*a]`, 'application/yaml'],
    ] as const) {
      const { status, body: answer } = await post(body, type);
      assert.deepEqual([status, answer.reason], [400, 'BadRequest'], body.slice(0, 40));
    }
    const operations = JSON.stringify(Array(10_001).fill({ op: 'test', path: '/kind', value: 'VirtualMachine' }));
    await t.as(admin).post(MACHINES).send(machine('patched'));
    const patch = await t
      .as(admin)
      .patch(`${MACHINES}/patched`)
      .set('Content-Type', 'application/json-patch+json')
      .send(operations);
    assert.deepEqual([patch.status, patch.body.reason], [413, 'RequestEntityTooLarge']);
    delay.disable();
    // The test's own client builds these bodies in the same process, so the bound is wide.
    assert.ok(delay.max / 1e6 < 1_000, `${delay.max / 1e6} ms`);
  });

  test('A52, E14: what etcd cannot take is 413 like a body that is too long, and says what the limit is', async () => {
    const long = await post('x'.repeat(3 * 1024 * 1024 + 1));
    assert.equal(long.status, 413);
    assert.equal(long.body.message, 'Request entity too large: limit is 3145728');
    const data = Object.fromEntries(Array.from({ length: 3 }, (_, index) => [`k${index}`, 'x'.repeat(700_000)]));
    const create = (body: object) => t.as(admin).post('/api/v1/namespaces/default/configmaps').send(body);
    const stored = await create({ metadata: { name: 'big' }, data });
    assert.ok([413, 422].includes(stored.status), `${stored.status}`);
    assert.notEqual((await t.as(admin).get('/api/v1/namespaces/default/configmaps/big')).status, 200);
  });

  test('A53: a long list is sent in slices, whole and in order, and has no length', async () => {
    for (let index = 0; index < 20; index += 1) {
      const body = machine(`long-${String(index).padStart(2, '0')}`, (m) => {
        m.metadata.annotations = { text: 'x'.repeat(20_000) };
      });
      assert.equal((await t.as(admin).post(MACHINES).send(body)).status, 201);
    }
    const response = await t.as(admin).get(MACHINES);
    assert.equal(response.headers['transfer-encoding'], 'chunked');
    assert.equal(response.headers['content-length'], undefined);
    const names = response.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    assert.deepEqual(names, [...Array.from({ length: 20 }, (_, i) => `long-${String(i).padStart(2, '0')}`), 'patched']);
  });

  test('A54: no page of another origin is told anything, and a preflight is no answer', async () => {
    const origin = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' };
    const plain = await t.as(admin).get(MACHINES).set(origin);
    const preflight = await t.as(admin).options(MACHINES).set(origin);
    assert.equal(preflight.status, 405);
    const nobody = await t.as().options(MACHINES).set(origin);
    assert.ok(nobody.status === 401 || nobody.status === 403);
    for (const { headers } of [plain, preflight, nobody]) {
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('access-control-')),
        [],
      );
    }
  });

  test('A55: nothing that goes wrong is answered in HTML or leads elsewhere', async () => {
    for (const [method, path] of [
      ['GET', '/nowhere'],
      ['POST', '/nowhere'],
      ['TRACE', '/version'],
      ['PROPFIND', MACHINES],
      ['GET', `${MACHINES}/../../../../secrets`],
      ['DELETE', '/openapi/v2'],
      ['GET', '/apis/%ff'],
    ] as const) {
      const sent = start(method, path);
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      assert.ok((response.statusCode ?? 0) >= 400 && (response.statusCode ?? 0) < 500, `${method} ${path}`);
      assert.match(String(response.headers['content-type']), /^(?:text\/plain|application\/json)/, path);
      assert.equal(response.headers.location, undefined);
      assert.doesNotMatch(text, /<html|<!doctype|<pre>/i);
    }
  });
});
