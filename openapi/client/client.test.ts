import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { isError, StatusError } from '../machinery/errors.ts';
import { answerJson, FakeServer, things } from './fake-server.ts';
import { pathOf, resources } from './resources.ts';
import { ConnectionError } from './transport.ts';

const server = new FakeServer();
before(() => server.start());
after(() => server.stop());
afterEach(() => {
  server.intercept = undefined;
  server.requests.length = 0;
});

const thing = { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: { name: 'a', namespace: 'n' } };

async function bodyOf(request: NodeJS.ReadableStream): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
}

test('paths of core, namespaced and cluster-scoped kinds, with every part escaped', () => {
  assert.equal(pathOf(resources.secrets, { namespace: 'n', name: 'a' }), '/api/v1/namespaces/n/secrets/a');
  assert.equal(
    pathOf(resources.hosts, { name: 'h', subresource: 'status' }),
    '/apis/torpor.dev/v1alpha1/hosts/h/status',
  );
  assert.equal(pathOf(resources.virtualMachines), '/apis/torpor.dev/v1alpha1/virtualmachines');
  assert.equal(
    pathOf(resources.virtualMachines, { namespace: 'a/b', name: '../x', subresource: 'portforward/80' }),
    '/apis/torpor.dev/v1alpha1/namespaces/a%2Fb/virtualmachines/..%2Fx/portforward/80',
  );
});

test('each verb sends its method, path, content type and body', async () => {
  const seen: unknown[] = [];
  server.intercept = (request, response) => {
    void bodyOf(request).then(
      (body) => {
        seen.push([`${request.method} ${request.url}`, request.headers['content-type'], body]);
        answerJson(response, 200, thing);
      },
      () => response.destroy(),
    );
    return true;
  };
  const at = { namespace: 'n', name: 'a' };
  const base = '/apis/test.dev/v1/namespaces/n/things';
  await server.client.create(things, thing, { query: { dryRun: 'All' } });
  await server.client.update(things, thing);
  await server.client.updateStatus(things, thing);
  await server.client.patch(things, at, { spec: {} });
  await server.client.patch(things, at, [], { type: 'json', subresource: 'status' });
  await server.client.delete(things, at, { uid: 'u', gracePeriodSeconds: 0, propagationPolicy: 'Background' });
  await server.client.action(things, at, 'binding', { target: { name: 'h' } });
  const json = 'application/json';
  assert.deepEqual(seen, [
    [`POST ${base}?dryRun=All`, json, thing],
    [`PUT ${base}/a`, json, thing],
    [`PUT ${base}/a/status`, json, thing],
    [`PATCH ${base}/a`, 'application/merge-patch+json', { spec: {} }],
    [`PATCH ${base}/a/status`, 'application/json-patch+json', []],
    [
      `DELETE ${base}/a`,
      json,
      {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid: 'u' },
        gracePeriodSeconds: 0,
        propagationPolicy: 'Background',
      },
    ],
    [`POST ${base}/a/binding`, json, { target: { name: 'h' } }],
  ]);
});

test('T2: a Status becomes a StatusError, anything else an error with its text', async () => {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'no',
    reason: 'NotFound',
    code: 404,
  };
  server.intercept = (_request, response) => answerJson(response, 404, status);
  await assert.rejects(server.client.get(things, { name: 'a', namespace: 'n' }), (error) => isError(error, 'notFound'));
  server.intercept = (_request, response) => response.writeHead(502).end('<html>bad gateway');
  await assert.rejects(
    server.client.create(things, thing),
    (error) => error instanceof StatusError && error.code === 502 && /bad gateway/.test(error.message),
  );
});

test('reads wait for Retry-After and try again; writes do not', async () => {
  let count = 0;
  server.intercept = (_request, response) => {
    if (count++ > 0) return false;
    answerJson(response, 503, {}, { 'retry-after': '0' });
    return true;
  };
  assert.equal((await server.client.list(things)).kind, 'ThingList');
  assert.equal(count, 2);
  count = 0;
  await assert.rejects(server.client.create(things, thing), (error) => isError(error, 'serviceUnavailable'));
  assert.equal(count, 1);
});

test('reads survive a cut connection; writes report it', async () => {
  let count = 0;
  server.intercept = (request) => {
    if (count++ > 0) return false;
    request.socket.destroy();
    return true;
  };
  await server.client.list(things);
  assert.equal(count, 2);
  count = 0;
  await assert.rejects(server.client.create(things, thing), ConnectionError);
  assert.equal(count, 1);
});

test('an answer that is cut at any byte is an error and never half an object', async () => {
  const body = JSON.stringify(thing);
  for (let cut = 0; cut < body.length; cut += 7) {
    server.intercept = (_request, response) => {
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.slice(0, cut), () => response.destroy());
      return true;
    };
    await assert.rejects(server.client.create(things, thing), ConnectionError, `cut at ${cut}`);
  }
});

test('T1: a server that never answers costs the deadline, an abort nothing', async () => {
  server.intercept = () => true;
  const started = performance.now();
  await assert.rejects(
    server.client.get(things, { name: 'a' }, { deadlineMs: 60 }),
    /was not answered|no answer within/,
  );
  assert.ok(performance.now() - started < 1500);
  const reason = new Error('enough');
  const abort = new AbortController();
  const call = server.client.get(things, { name: 'a' }, { signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(call, (error) => error === reason);
});

test('nobody there: the error names the address and the cause', async () => {
  const gone = await new FakeServer().start();
  await gone.stop();
  await assert.rejects(
    gone.client.create(things, thing),
    (error) =>
      error instanceof ConnectionError &&
      error.code === 'ECONNREFUSED' &&
      /cannot reach the API server at http:\/\/127/.test(error.message),
  );
});
