/** Namespaces that the host cluster keeps (A30, A31, A60, N8, T22 of the checklist). */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { validatingWebhookConfigurations } from '../../apiserver/admission/kinds.ts';
import { resources } from '../../openapi/client/resources.ts';
import { type AdmissionServer, namespace, startAdmissionServer } from './admission-server.ts';
import { HOSTS, MACHINES } from './harness.ts';
import { host, machine } from './machines.ts';
import { until } from './whole-server.ts';

let server: AdmissionServer;
before(async () => {
  server = await startAdmissionServer();
});
after(() => server.stop());
afterEach(() => server.reset());

const { namespaces } = resources;
const inside = (name: string) => MACHINES.replace('/default/', `/${name}/`);

test('A31: nothing is made in a namespace that is not there, and what is cluster-scoped needs none', async () => {
  const refused = await server.admin.post(inside('nowhere')).send(machine('a')).expect(404);
  assert.deepEqual(refused.body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'namespaces "nowhere" not found',
    reason: 'NotFound',
    details: { name: 'nowhere', kind: 'namespaces' },
    code: 404,
  });
  await server.admin.post(HOSTS).send(host('somewhere')).expect(201);
});

test('A31: a terminating namespace takes nothing new, with the cause that controllers look for; the rest goes on', async () => {
  server.host.put(namespaces, namespace('ending'));
  await server.settled();
  await server.admin.post(inside('ending')).send(machine('old')).expect(201);
  server.host.put(namespaces, namespace('ending', {}, 'Terminating'));
  await server.settled();
  const refused = await server.admin.post(inside('ending')).send(machine('new')).expect(403);
  assert.equal(refused.body.reason, 'Forbidden');
  assert.deepEqual(refused.body.details, {
    name: 'new',
    group: 'torpor.dev',
    kind: 'virtualmachines',
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: 'namespace ending is being terminated',
        field: 'metadata.namespace',
      },
    ],
  });
  const change = { metadata: { labels: { a: 'b' } } };
  const merge = server.admin.patch(`${inside('ending')}/old`).set('Content-Type', 'application/merge-patch+json');
  await merge.send(change).expect(200);
  await server.admin.delete(`${inside('ending')}/old`).expect(200);
});

test('A31: what the copy does not have is looked for in the cluster; a cluster that does not answer is 503', async () => {
  // The watch is silent: the namespace comes into being unseen.
  const path = '/api/v1/namespaces/unseen';
  server.host.intercept = (_request, response, pathname) =>
    pathname === path &&
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ...namespace('unseen'), kind: 'Namespace', apiVersion: 'v1' }));
  await server.admin.post(inside('unseen')).send(machine('a')).expect(201);
  server.host.intercept = (_request, response, pathname) => pathname === path && response.destroy();
  const refused = await server.admin.post(inside('unseen')).send(machine('b')).expect(503);
  assert.equal(refused.headers['retry-after'], '1');
});

test('A30: a namespace that ends is found out before webhooks are asked and before the object is read closely', async () => {
  server.host.put(namespaces, namespace('first', {}, 'Terminating'));
  await server.mutate('a', server.webhook('a1'));
  await server.admin
    .post(inside('first'))
    .send(machine('wrong', ({ spec }) => Object.assign(spec.domain.cpu, { cores: 'many' })))
    .expect(403);
  assert.deepEqual(server.hook.asked, []);
});

test('N8: what is left in a namespace that the cluster no longer has is deleted, and nothing else', async () => {
  for (const name of ['left', 'stays']) {
    server.host.put(namespaces, namespace(name));
    await server.settled();
    await server.admin.post(inside(name)).send(machine('a')).expect(201);
  }
  // Gone by force, without its controller. A machine that goes is shut down first: it has a finalizer.
  server.host.remove(namespaces, 'left');
  await until(async () => (await server.admin.get(`${inside('left')}/a`)).body.metadata, isGoing);
  assert.equal(isGoing((await server.admin.get(`${inside('stays')}/a`)).body.metadata), false);
});

test('N8: what is older than its namespace belonged to another one of that name', async () => {
  server.host.put(namespaces, namespace('anew'));
  await server.settled();
  await server.admin.post(inside('anew')).send(machine('old')).expect(201);
  const later = new Date(Date.now() + 3_600_000).toISOString();
  server.host.remove(namespaces, 'anew');
  const next = namespace('anew');
  server.host.put(namespaces, { ...next, metadata: { ...next.metadata, creationTimestamp: later } });
  await until(async () => (await server.admin.get(`${inside('anew')}/old`)).body.metadata, isGoing);
});

const isGoing = (metadata: { readonly deletionTimestamp?: string }) => metadata.deletionTimestamp !== undefined;

test('A60, A31: until the cluster’s rules are known the server is not ready, and writes are 503', async () => {
  const late = await startAdmissionServer({
    prepare(standIn) {
      standIn.intercept = (_request, response, pathname) =>
        pathname.endsWith(validatingWebhookConfigurations.plural) && response.writeHead(503).end();
    },
  });
  try {
    const unready = await late.admin.get('/readyz?verbose').expect(500);
    assert.match(unready.text, /\[-\]informer-sync failed/);
    const refused = await late.admin.post(MACHINES).send(machine('early')).expect(503);
    assert.match(refused.body.message, /validatingwebhookconfigurations are not known yet/);
    assert.equal(refused.headers['retry-after'], '1');
    await late.admin.get(MACHINES).expect(200);
    late.host.intercept = undefined;
    await until(
      async () => (await late.admin.get('/readyz')).status,
      (status) => status === 200,
    );
    await late.admin.post(MACHINES).send(machine('early')).expect(201);
  } finally {
    await late.stop();
  }
});
