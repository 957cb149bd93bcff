/** Every operation that admission is asked about: updates, deletes, actions, scales, streams (A35 of the checklist). */
import assert from 'node:assert/strict';
import { request as httpsRequest } from 'node:https';
import { after, afterEach, before, test } from 'node:test';
import { patch, type Received } from '../harness/webhook-server.ts';
import { type AdmissionServer, startAdmissionServer } from './admission-server.ts';
import { MACHINES } from './harness.ts';
import { machine } from './machines.ts';
import { POOLS, pool } from './pools.ts';

let server: AdmissionServer;
before(async () => {
  server = await startAdmissionServer();
});
after(() => server.stop());
afterEach(() => server.reset());

const at = (name: string) => `${MACHINES}/${name}`;
const rule = (operations: string[], ...paths: string[]) => ({
  operations,
  apiGroups: ['torpor.dev'],
  apiVersions: ['v1alpha1'],
  resources: paths,
  scope: '*',
});
/** What the webhook was told in its latest call. */
const last = (): Received => server.hook.received.at(-1) ?? assert.fail('no webhook was asked');
const body = () => last().review.request;
const label = (key: string, value: string) => patch({ op: 'add', path: '/metadata/labels', value: { [key]: value } });

test('A35: updates, patches and status show both objects; a patch has the options of an update', async () => {
  await server.admin.post(MACHINES).send(machine('both')).expect(201);
  await server.mutate('a', server.webhook('a1'));
  await server.validate('c', server.webhook('c1'));
  const merge = (path: string, change: object) =>
    server.admin.patch(path).set('Content-Type', 'application/merge-patch+json').send(change);
  await merge(`${at('both')}?fieldManager=m`, { metadata: { labels: { n: '1' } } }).expect(200);
  const labels = (name: 'object' | 'oldObject') =>
    (body()[name] as unknown as { metadata: { labels?: object } }).metadata.labels;
  assert.equal(body().operation, 'UPDATE');
  assert.deepEqual([labels('object'), labels('oldObject')], [{ n: '1' }, undefined]);
  assert.deepEqual(body().options, { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'm' });
  const stored = (await server.admin.get(at('both'))).body;
  await server.admin
    .put(at('both'))
    .send({ ...stored, metadata: { ...stored.metadata, labels: { n: '2' } } })
    .expect(200);
  assert.deepEqual([labels('object'), labels('oldObject')], [{ n: '2' }, { n: '1' }]);
  await merge(`${at('both')}/status`, { status: { phase: 'Pending' } }).expect(200);
  assert.deepEqual([body().subResource, body().requestSubResource], ['status', 'status']);
  // One round for each write: nobody is asked twice about the same.
  assert.deepEqual(server.hook.asked, ['a1', 'c1', 'a1', 'c1', 'a1', 'c1']);
  server.hook.respond = ({ path }) => (path === '/a1' ? label('sneaked', 'in') : { allowed: true });
  const after = (await merge(`${at('both')}/status`, { status: { phase: 'Scheduling' } }).expect(200)).body;
  assert.equal(after.metadata.labels.sneaked, undefined, 'a webhook on status changes status alone');
});

test('A35, X6: a delete shows the old object alone, and a collection is asked about one by one', async () => {
  for (const name of ['gone', 'gone-1', 'gone-2']) {
    const body = machine(name, ({ metadata }) => Object.assign(metadata, { labels: { suite: 'delete' } }));
    await server.admin.post(MACHINES).send(body).expect(201);
  }
  await server.mutate('a', server.webhook('a1', { rules: [rule(['DELETE'], '*')] }));
  await server.validate('c', server.webhook('c1', { rules: [rule(['DELETE'], '*')] }));
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' };
  await server.admin.delete(`${at('gone')}?dryRun=All`).expect(200);
  await server.admin.delete(at('gone')).send(options).expect(200);
  assert.deepEqual(server.hook.asked, ['a1', 'c1', 'a1', 'c1']);
  const request = body();
  assert.equal(request.operation, 'DELETE');
  assert.equal(request.object, null);
  assert.equal((request.oldObject as unknown as { metadata: { name: string } }).metadata.name, 'gone');
  assert.deepEqual(request.options, { ...options, apiVersion: 'meta.k8s.io/v1' });
  server.hook.received.length = 0;
  server.hook.respond = ({ review: { request: asked } }) => ({ allowed: asked.name !== 'gone-2' });
  await server.admin.delete(`${MACHINES}?labelSelector=suite=delete`).expect(400);
  const names = new Set(server.hook.received.map(({ review: { request: asked } }) => asked.name));
  assert.ok(names.has('gone-1') && names.has('gone-2'));
  await server.admin.get(at('gone-2')).expect(200);
  server.hook.respond = () => patch({ op: 'add', path: '/metadata', value: {} });
  const refused = await server.admin.delete(at('gone-2')).expect(500);
  assert.match(refused.body.message, /not supported for this operation/);
});

test('A35: an action is admitted as the create of its body, with what a webhook makes of it', async () => {
  await server.admin.post(MACHINES).send(machine('acted')).expect(201);
  await server.validate('c', server.webhook('c1', { rules: [rule(['*'], 'virtualmachines/*')] }));
  await server.admin.post(`${at('acted')}/stop`).expect(200);
  assert.equal(server.hook.asked.length, 1, 'the write of an action is not asked about again');
  const { operation, kind, subResource, name, object } = body();
  assert.deepEqual([operation, subResource, name], ['CREATE', 'stop', 'acted']);
  assert.deepEqual(kind, { group: 'torpor.dev', version: 'v1alpha1', kind: 'StopOptions' });
  assert.equal((object as { kind: string }).kind, 'StopOptions');
  server.hook.respond = () => ({ allowed: false, status: { code: 403 } });
  await server.admin.post(`${at('acted')}/start`).expect(403);
  assert.equal((await server.admin.get(at('acted'))).body.spec.runStrategy, 'Halted');
});

test('A35: a scale is shown as a Scale, before and after', async () => {
  await server.admin
    .post(POOLS)
    .send(pool('pool', ({ spec }) => Object.assign(spec, { replicas: 1 })))
    .expect(201);
  await server.mutate('a', server.webhook('a1', { rules: [rule(['UPDATE'], 'virtualmachinepools/scale')] }));
  server.hook.respond = () => patch({ op: 'replace', path: '/spec/replicas', value: 5 });
  const scaled = await server.admin
    .patch(`${POOLS}/pool/scale`)
    .set('Content-Type', 'application/merge-patch+json')
    .send({ spec: { replicas: 3 } })
    .expect(200);
  assert.deepEqual(body().kind, { group: 'autoscaling', version: 'v1', kind: 'Scale' });
  const replicas = (name: string) => (body()[name] as unknown as { spec: { replicas: number } }).spec.replicas;
  assert.deepEqual([replicas('oldObject'), replicas('object')], [1, 3]);
  assert.equal(scaled.body.spec.replicas, 5);
  assert.equal((await server.admin.get(`${POOLS}/pool`)).body.spec.replicas, 5);
});

/** The answer to an upgrade that does not come to a stream. */
function upgrade(path: string): Promise<{ code: number; body: { message: string } }> {
  return new Promise((resolve, reject) => {
    const { port, ca, pair } = server;
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'eA==',
    };
    const request = httpsRequest({ host: '127.0.0.1', port, path, ca, cert: pair.certificate, key: pair.key, headers });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    request.on('error', reject).end();
  });
}

test('A35, U9: a stream is admitted as CONNECT before it is opened, and knows no dry run', async () => {
  await server.admin.post(MACHINES).send(machine('streamed')).expect(201);
  await server.validate('c', server.webhook('c1', { rules: [rule(['CONNECT'], 'virtualmachines/*')] }));
  const dry = await upgrade(`${at('streamed')}/console?dryRun=All`);
  assert.equal(dry.code, 400);
  assert.match(dry.body.message, /dryRun is not supported/);
  assert.deepEqual(server.hook.asked, []);
  server.hook.respond = () => ({ allowed: false, status: { code: 403, message: 'nobody looks in' } });
  const refused = await upgrade(`${at('streamed')}/console/left`);
  assert.deepEqual([refused.code, server.hook.asked.length], [403, 1]);
  assert.match(refused.body.message, /nobody looks in/);
  const { operation, subResource, name, object, oldObject, options } = body();
  assert.deepEqual([operation, subResource, name, oldObject, options], ['CONNECT', 'console', 'streamed', null, null]);
  assert.equal((object as { path: string }).path, 'left');
});
