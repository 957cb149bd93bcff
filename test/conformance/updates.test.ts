/** PUT of an object and of its status. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { host, machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const WEB = `${MACHINES}/web`;

describe('update', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    await t.admin.post(MACHINES, machine('web')).expect(201);
    await t.admin.post(HOSTS, host('n1')).expect(201);
  });
  after(() => t?.stop());

  const current = async (path = WEB) => (await t.admin.get(path).expect(200)).body;
  const withMeta = async (metadata: object) => {
    const body = await current();
    return { ...body, metadata: { ...body.metadata, ...metadata } };
  };
  const causeOf = (
    body: { details: { causes: { field: string; reason: string; message: string }[] } },
    field: string,
  ) => {
    const cause = body.details.causes.find((one) => one.field === field);
    assert.ok(cause, `no cause for ${field}: ${JSON.stringify(body.details.causes)}`);
    return cause;
  };

  test('K12: what is immutable stays: left out it is filled in, changed it is refused', async () => {
    const before = await current();
    const { uid: _u, creationTimestamp: _c, namespace: _n, generation: _g, ...rest } = before.metadata;
    const filled = await t.admin
      .put(WEB, { ...before, metadata: { ...rest, generation: 99, selfLink: '/x' } })
      .expect(200);
    assert.deepEqual(filled.body.metadata, before.metadata);
    for (const [field, value] of [
      ['creationTimestamp', '2001-01-01T00:00:00Z'],
      ['deletionTimestamp', '2001-01-01T00:00:00Z'],
      ['deletionGracePeriodSeconds', 5],
    ] as const) {
      const { body } = await t.admin.put(WEB, await withMeta({ [field]: value })).expect(422);
      const cause = causeOf(body, `metadata.${field}`);
      assert.equal(cause.reason, 'FieldValueInvalid');
      assert.match(cause.message, /field is immutable$/);
    }
  });

  test('K12: nothing new keeps an object that is going', async () => {
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'going', finalizers: ['a.b/c'] } }).expect(201);
    const { body } = await t.admin.delete(`${CONFIGMAPS}/going`).expect(200);
    const more = { ...body, metadata: { ...body.metadata, finalizers: ['a.b/c', 'd.e/f'] } };
    const refused = await t.admin.put(`${CONFIGMAPS}/going`, more).expect(422);
    assert.equal(causeOf(refused.body, 'metadata.finalizers').reason, 'FieldValueForbidden');
    const { deletionTimestamp: _d, ...alive } = body.metadata;
    const same = await t.admin.put(`${CONFIGMAPS}/going`, { ...body, metadata: alive }).expect(200);
    assert.equal(same.body.metadata.deletionTimestamp, body.metadata.deletionTimestamp);
  });

  test('K50: name, namespace and version of the body are those of the URL', async () => {
    for (const [body, says] of [
      [
        await withMeta({ name: 'other' }),
        /the name of the object \(other\) does not match the name on the URL \(web\)/,
      ],
      [await withMeta({ name: '' }), /does not match the name on the URL/],
      [await withMeta({ namespace: 'other' }), /does not match the namespace/],
      [
        { ...(await current()), apiVersion: 'torpor.dev/v2' },
        /the API version in the data \(torpor.dev\/v2\) does not match the expected API version \(torpor.dev\/v1alpha1\)/,
      ],
      [{ ...(await current()), kind: 'Host' }, /does not match the expected kind/],
    ] as const) {
      const answer = await t.admin.put(WEB, body).expect(400);
      assert.equal(answer.body.reason, 'BadRequest');
      assert.match(answer.body.message, says);
    }
    const missing = await t.admin.put(`${MACHINES}/missing`, await withMeta({ name: 'missing', uid: '' })).expect(404);
    assert.equal(missing.body.details.name, 'missing');
  });

  test('K51, E4: a stale version is a conflict', async () => {
    const stale = await current();
    await t.admin.patch(WEB, { metadata: { labels: { newer: 'yes' } } }).expect(200);
    const { body } = await t.admin
      .put(WEB, { ...stale, metadata: { ...stale.metadata, labels: { a: 'b' } } })
      .expect(409);
    assert.equal(body.reason, 'Conflict');
    assert.equal(
      body.message,
      'Operation cannot be fulfilled on virtualmachines.torpor.dev "web": the object has been modified; please apply your changes to the latest version and try again',
    );
    assert.deepEqual(body.details, { name: 'web', group: 'torpor.dev', kind: 'virtualmachines' });
  });

  test('K51: without a version ours are refused, those of Kubernetes overwritten; 0 is none', async () => {
    for (const resourceVersion of ['', '0', undefined]) {
      const { body } = await t.admin.put(WEB, await withMeta({ resourceVersion })).expect(422);
      assert.match(causeOf(body, 'metadata.resourceVersion').message, /must be specified for an update/);
      await t.admin.post(CONFIGMAPS, { metadata: { name: 'free' } });
      const data = { a: `${resourceVersion}` };
      const put = await t.admin.put(`${CONFIGMAPS}/free`, { metadata: { name: 'free', resourceVersion }, data });
      assert.deepEqual([put.status, put.body.data], [200, data]);
    }
  });

  test('K52: another uid is another object', async () => {
    const { metadata } = await current();
    const { body } = await t.admin.put(WEB, await withMeta({ uid: 'other' })).expect(409);
    assert.equal(body.reason, 'Conflict');
    assert.ok(
      body.message.endsWith(`Precondition failed: UID in precondition: other, UID in object meta: ${metadata.uid}`),
    );
  });

  test('K53: what changes nothing has no new version and is no event', async () => {
    const before = await current();
    const from = `resourceVersion=${before.metadata.resourceVersion}`;
    const watch = await t.admin.watch(`${MACHINES}?watch=true&fieldSelector=metadata.name%3Dweb&${from}`);
    const reordered = Object.fromEntries(Object.entries(before).reverse());
    const put = await t.admin.put(WEB, reordered).expect(200);
    assert.equal(put.body.metadata.resourceVersion, before.metadata.resourceVersion);
    await t.admin.put(`${WEB}/status`, before).expect(200);
    const patch = await t.admin.patch(WEB, { spec: { runStrategy: before.spec.runStrategy } }).expect(200);
    assert.equal(patch.body.metadata.resourceVersion, before.metadata.resourceVersion);
    const real = await t.admin.patch(WEB, { metadata: { annotations: { real: 'yes' } } }).expect(200);
    const event = await watch.next();
    watch.close();
    assert.equal(event?.object.metadata.resourceVersion, real.body.metadata.resourceVersion);
  });

  test('K54: the generation follows the spec and the beginning of the deletion, not labels, not status', async () => {
    const start = (await current()).metadata.generation as number;
    const generation = async (path: string, body: object) =>
      (await t.admin.patch(path, body).expect(200)).body.metadata.generation - start;
    assert.equal(await generation(WEB, { metadata: { labels: { g: '1' } } }), 0);
    assert.equal(await generation(`${WEB}/status`, { status: { message: 'hello' } }), 0);
    assert.equal(await generation(WEB, { spec: { terminationGracePeriodSeconds: 7 } }), 1);
    assert.equal(await generation(WEB, { spec: { terminationGracePeriodSeconds: 7 } }), 1);
    await t.admin.post(MACHINES, machine('going')).expect(201);
    const first = await t.admin.delete(`${MACHINES}/going`).expect(200);
    assert.equal(first.body.metadata.generation, 2);
    const again = await t.admin.delete(`${MACHINES}/going`).expect(200);
    assert.equal(again.body.metadata.generation, 2);
  });

  test('K55: the object’s own endpoint does not touch status, and status touches nothing else', async () => {
    const before = await current();
    const main = { ...before, status: { phase: 'Failed' }, metadata: { ...before.metadata, labels: { main: 'yes' } } };
    const put = await t.admin.put(WEB, main).expect(200);
    assert.deepEqual(put.body.status, before.status);
    assert.deepEqual(put.body.metadata.labels, { main: 'yes' });
    const status = {
      ...put.body,
      spec: { ...put.body.spec, terminationGracePeriodSeconds: 99 },
      metadata: { ...put.body.metadata, labels: { status: 'yes' }, finalizers: [] },
      status: { ...put.body.status, message: 'from status' },
    };
    const written = await t.admin.put(`${WEB}/status`, status).expect(200);
    assert.equal(written.body.status.message, 'from status');
    assert.deepEqual(written.body.spec, put.body.spec);
    assert.deepEqual(written.body.metadata.labels, { main: 'yes' });
    assert.deepEqual(written.body.metadata.finalizers, put.body.metadata.finalizers);
    await t.admin.put(`${WEB}/status`, status).expect(409);
    const missing = {
      ...written.body,
      metadata: { ...written.body.metadata, name: 'missing', uid: '', resourceVersion: '' },
    };
    await t.admin.put(`${MACHINES}/missing/status`, missing).expect(404);
    await t.admin.get(`${MACHINES}/missing`).expect(404);
  });

  test('K56: the write that takes the last finalizer of a deleted object removes it', async () => {
    const path = `${MACHINES}/going`;
    const going = await current(path);
    const from = `resourceVersion=${going.metadata.resourceVersion}`;
    const watch = await t.admin.watch(`${MACHINES}?watch=true&fieldSelector=metadata.name%3Dgoing&${from}`);
    const put = await t.admin.put(path, { ...going, metadata: { ...going.metadata, finalizers: [] } }).expect(200);
    assert.equal(put.body.kind, 'VirtualMachine');
    assert.equal(put.body.metadata.finalizers, undefined);
    const event = await watch.next();
    watch.close();
    assert.equal(event?.type, 'DELETED');
    assert.ok(BigInt(event?.object.metadata.resourceVersion) > BigInt(going.metadata.resourceVersion));
    await t.admin.get(path).expect(404);
    // Without a deletionTimestamp the last finalizer is only a finalizer.
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'stays', finalizers: ['a.b/c'] } }).expect(201);
    await t.admin.patch(`${CONFIGMAPS}/stays`, { metadata: { finalizers: null } }).expect(200);
    await t.admin.get(`${CONFIGMAPS}/stays`).expect(200);
  });
});
