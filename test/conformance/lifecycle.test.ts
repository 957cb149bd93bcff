import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

describe('create, get, list, update, patch, delete', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
  });
  after(() => t?.stop());

  test('K2: a created machine has what the server sets, and defaults', async () => {
    const sent = machine('web', (m) => {
      m.metadata.uid = 'mine';
      m.metadata.creationTimestamp = null;
      m.status = { phase: 'Running', nodeName: 'n1' };
    });
    const { body } = await t.admin.post(MACHINES, sent).expect(201);
    assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
    assert.match(body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/);
    assert.equal(body.metadata.generation, 1);
    assert.equal(body.metadata.namespace, 'default');
    assert.deepEqual(body.metadata.finalizers, ['torpor.dev/machine']);
    assert.equal(body.status.phase, 'Pending');
    assert.equal(body.status.nodeName, undefined);
    assert.equal(body.spec.runStrategy, 'Always');
    const read = await t.admin.get(`${MACHINES}/web`).expect(200);
    assert.deepEqual({ ...read.body, status: undefined }, { ...body, status: undefined });
    assert.match(read.headers['content-type'] ?? '', /^application\/json/);
  });

  test('K4, E2: the same name again is AlreadyExists', async () => {
    const { body } = await t.admin.post(MACHINES, machine('web')).expect(409);
    assert.equal(body.reason, 'AlreadyExists');
    assert.equal(body.message, 'virtualmachines.torpor.dev "web" already exists');
    assert.deepEqual(body.details, { name: 'web', group: 'torpor.dev', kind: 'virtualmachines' });
  });

  test('K5: generateName draws a name', async () => {
    const sent = machine('', (m) => {
      m.metadata = { generateName: 'pool-' };
    });
    const { body } = await t.admin.post(MACHINES, sent).expect(201);
    assert.match(body.metadata.name, /^pool-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('K6: dryRun=All runs everything and stores nothing', async () => {
    const { body } = await t.admin.post(`${MACHINES}?dryRun=All`, machine('dry')).expect(201);
    assert.equal(body.metadata.resourceVersion, undefined);
    await t.admin.get(`${MACHINES}/dry`).expect(404);
    await t.admin.post(`${MACHINES}?dryRun=All`, machine('web')).expect(409);
    const wrong = await t.admin.post(`${MACHINES}?dryRun=Some`, machine('dry')).expect(422);
    assert.equal(wrong.body.details.causes[0].field, 'dryRun');
  });

  test('K51, K52: an update with a stale version or another uid is a conflict; without a version it is refused', async () => {
    const { body } = await t.admin.get(`${MACHINES}/web`).expect(200);
    body.metadata.labels = { app: 'web' };
    const updated = await t.admin.put(`${MACHINES}/web`, body).expect(200);
    assert.notEqual(updated.body.metadata.resourceVersion, body.metadata.resourceVersion);
    const stale = await t.admin.put(`${MACHINES}/web`, body).expect(409);
    assert.equal(stale.body.reason, 'Conflict');
    assert.equal(
      stale.body.message,
      'Operation cannot be fulfilled on virtualmachines.torpor.dev "web": the object has been modified; please apply your changes to the latest version and try again',
    );
    const other = { ...updated.body, metadata: { ...updated.body.metadata, uid: 'other' } };
    assert.match((await t.admin.put(`${MACHINES}/web`, other).expect(409)).body.message, /UID in precondition: other/);
    const blind = { ...updated.body, metadata: { ...updated.body.metadata, resourceVersion: undefined } };
    const refused = await t.admin.put(`${MACHINES}/web`, blind).expect(422);
    assert.equal(refused.body.details.causes[0].field, 'metadata.resourceVersion');
  });

  test('K53: a write that changes nothing gives no new version', async () => {
    const { body } = await t.admin.get(`${MACHINES}/web`).expect(200);
    const put = await t.admin.put(`${MACHINES}/web`, body).expect(200);
    assert.equal(put.body.metadata.resourceVersion, body.metadata.resourceVersion);
    const patch = await t.admin.patch(`${MACHINES}/web`, { metadata: { labels: { app: 'web' } } }).expect(200);
    assert.equal(patch.body.metadata.resourceVersion, body.metadata.resourceVersion);
  });

  test('K54, K55: the generation follows the spec alone, and the main endpoint ignores status', async () => {
    const spec = await t.admin.patch(`${MACHINES}/web`, { spec: { terminationGracePeriodSeconds: 5 } }).expect(200);
    assert.equal(spec.body.metadata.generation, 2);
    const label = await t.admin.patch(`${MACHINES}/web`, { metadata: { labels: { tier: 'a' } } }).expect(200);
    assert.equal(label.body.metadata.generation, 2);
    const status = await t.admin.patch(`${MACHINES}/web`, { status: { phase: 'Failed' } }).expect(200);
    assert.equal(status.body.status.phase, 'Pending');
    assert.equal(status.body.metadata.resourceVersion, label.body.metadata.resourceVersion);
  });

  test('K50: name, namespace and version of body and URL must agree', async () => {
    const { body } = await t.admin.get(`${MACHINES}/web`).expect(200);
    const named = { ...body, metadata: { ...body.metadata, name: 'other' } };
    assert.match((await t.admin.put(`${MACHINES}/web`, named).expect(400)).body.message, /does not match the name on/);
    const spaced = { ...body, metadata: { ...body.metadata, namespace: 'other' } };
    assert.match(
      (await t.admin.put(`${MACHINES}/web`, spaced).expect(400)).body.message,
      /does not match the namespace/,
    );
    const version = { ...body, apiVersion: 'torpor.dev/v2' };
    assert.match(
      (await t.admin.put(`${MACHINES}/web`, version).expect(400)).body.message,
      /does not match the expected/,
    );
    await t.admin.put(`${MACHINES}/missing`, { ...body, metadata: { ...body.metadata, name: 'missing' } }).expect(404);
  });

  test('X3, X5, K56: with a finalizer a delete marks the object, and losing it removes the object', async () => {
    const first = await t.admin.delete(`${MACHINES}/web`).expect(200);
    assert.equal(first.body.kind, 'VirtualMachine');
    assert.match(first.body.metadata.deletionTimestamp, /Z$/);
    assert.equal(first.body.metadata.deletionGracePeriodSeconds, 0);
    assert.equal(first.body.metadata.generation, 3);
    const second = await t.admin.delete(`${MACHINES}/web`).expect(200);
    assert.equal(second.body.metadata.deletionTimestamp, first.body.metadata.deletionTimestamp);
    assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    const exists = await t.admin.post(MACHINES, machine('web')).expect(409);
    assert.match(exists.body.message, /^object is being deleted: /);
    const added = await t.admin.patch(`${MACHINES}/web`, { metadata: { finalizers: ['torpor.dev/machine', 'a.b/c'] } });
    assert.equal(added.status, 422);
    assert.equal(added.body.details.causes[0].field, 'metadata.finalizers');
    await t.admin.patch(`${MACHINES}/web`, { metadata: { finalizers: null } }).expect(200);
    await t.admin.get(`${MACHINES}/web`).expect(404);
  });

  test('X1, X2: preconditions count, also in a body without a media type', async () => {
    await t.admin
      .post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'c' }, data: { a: 'b' } })
      .expect(201);
    const path = '/api/v1/namespaces/default/configmaps/c';
    const wrong = await t.admin
      .delete(path, { preconditions: { uid: 'other' } })
      .unset('Content-Type')
      .expect(409);
    assert.equal(wrong.body.reason, 'Conflict');
    assert.equal(wrong.body.details.kind, 'ConfigMap');
    await t.admin.delete(path, { preconditions: { resourceVersion: '1' } }).expect(409);
    const { body } = await t.admin.get(path).expect(200);
    const { uid, resourceVersion } = body.metadata;
    const gone = await t.admin.delete(path, { preconditions: { uid, resourceVersion } }).expect(200);
    assert.equal(gone.body.status, 'Success');
    assert.deepEqual(gone.body.details, { name: 'c', kind: 'configmaps', uid });
    assert.equal(gone.body.code, undefined);
    const missing = await t.admin.delete(path).expect(404);
    assert.equal(missing.body.message, 'configmaps "c" not found');
  });

  test('X3: the propagation policy is recorded as a finalizer', async () => {
    const base = '/api/v1/namespaces/default/configmaps';
    for (const [policy, finalizer] of [
      ['Foreground', 'foregroundDeletion'],
      ['Orphan', 'orphan'],
    ]) {
      await t.admin.post(base, { metadata: { name: 'p' } }).expect(201);
      const { body } = await t.admin.delete(`${base}/p`, { propagationPolicy: policy }).expect(200);
      assert.deepEqual(body.metadata.finalizers, [finalizer]);
      await t.admin.delete(`${base}/p`, { propagationPolicy: 'Background' }).expect(200);
      await t.admin.get(`${base}/p`).expect(404);
    }
    await t.admin.delete(`${base}/p?propagationPolicy=Never`).expect(422);
  });

  test('X10: deletecollection deletes what the selector names and answers with it', async () => {
    const base = '/api/v1/namespaces/default/configmaps';
    for (const [name, app] of [
      ['d1', 'x'],
      ['d2', 'x'],
      ['d3', 'y'],
    ]) {
      await t.admin.post(base, { metadata: { name, labels: { app } } }).expect(201);
    }
    const { body } = await t.admin.delete(`${base}?labelSelector=app%3Dx`).expect(200);
    assert.deepEqual(
      body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['d1', 'd2'],
    );
    const left = await t.admin.get(base).expect(200);
    assert.deepEqual(
      left.body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['d3'],
    );
  });

  test('E22, E11, U3: unknown resources are 404, methods that are not served 405', async () => {
    const unknown = await t.admin.get('/apis/torpor.dev/v1alpha1/namespaces/default/nothings').expect(404);
    assert.equal(unknown.body.message, 'the server could not find the requested resource');
    await t.admin.post(`${MACHINES}/web`, machine('web')).expect(405);
    await t.admin.delete('/api/v1/namespaces').expect(405);
    await t.admin.get(`${MACHINES}/web/nothing`).expect(404);
    await t.admin.get(`${MACHINES}/web/binding`).expect(405);
    await t.admin.get('/apis/torpor.dev/v1alpha1/namespaces/default/hosts').expect(404);
  });

  test('a restart of the server shows the same objects at the same versions', async () => {
    await t.admin.post(MACHINES, machine('kept')).expect(201);
    const before = await t.admin.get(MACHINES).expect(200);
    await t.restart();
    const after = await t.admin.get(MACHINES).expect(200);
    assert.deepEqual(after.body.items, before.body.items);
    assert.ok(BigInt(after.body.metadata.resourceVersion) >= BigInt(before.body.metadata.resourceVersion));
  });
});
