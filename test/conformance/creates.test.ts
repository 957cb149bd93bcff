/** POST to a collection, and the rules of metadata. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { after, before, describe, mock, test } from 'node:test';
import { HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { host, machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const ALPHABET = /^[bcdfghjklmnpqrstvwxz2456789]{5}$/;

describe('create', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
  });
  after(() => t?.stop());

  const configmap = (metadata: object) => t.admin.post(`${CONFIGMAPS}?dryRun=All`, { metadata });
  const refused = async (metadata: object, field: string, says: RegExp) => {
    const { body } = await configmap(metadata).expect(422);
    assert.equal(body.reason, 'Invalid');
    const cause = body.details.causes.find((one: { field: string }) => one.field === field);
    assert.ok(cause, `no cause for ${field}: ${JSON.stringify(body.details.causes)}`);
    assert.match(cause.message, says);
    return cause.reason as string;
  };

  test('K1: a name or a base for one is needed', async () => {
    assert.equal(await refused({}, 'metadata.name', /name or generateName is required/), 'FieldValueRequired');
    await configmap({ name: '', generateName: 'a-' }).expect(201);
  });

  test('K1: namespaces of body and URL', async () => {
    const filled = await configmap({ name: 'a' }).expect(201);
    assert.equal(filled.body.metadata.namespace, 'default');
    const { body } = await configmap({ name: 'a', namespace: 'other' }).expect(400);
    assert.equal(body.reason, 'BadRequest');
    assert.match(body.message, /does not match the namespace/);
    // Many a manifest of a cluster-scoped object has one; it means nothing.
    const cluster = { ...host('n1'), metadata: { name: 'n1', namespace: 'default' } };
    const made = await t.admin.post(`${HOSTS}?dryRun=All`, cluster).expect(201);
    assert.equal(made.body.metadata.namespace, undefined);
    await t.admin.post(HOSTS.replace('/hosts', '/namespaces/default/hosts'), host('n1')).expect(404);
    // All namespaces at once is no place for an object.
    await t.admin.post('/apis/torpor.dev/v1alpha1/virtualmachines', machine('web')).expect(400);
  });

  test('K1: kind and version of the body are those of the endpoint, or absent', async () => {
    for (const [body, code] of [
      [{ metadata: { name: 'a' } }, 201],
      [{ kind: 'ConfigMap', metadata: { name: 'a' } }, 201],
      [{ kind: 'Secret', apiVersion: 'v1', metadata: { name: 'a' } }, 400],
      [{ kind: 'ConfigMap', apiVersion: 'v2', metadata: { name: 'a' } }, 400],
      [{ kind: 'ConfigMap', apiVersion: 'torpor.dev/v1alpha1', metadata: { name: 'a' } }, 400],
    ] as const) {
      const answer = await t.admin.post(`${CONFIGMAPS}?dryRun=All`, body).expect(code);
      assert.equal(answer.body.kind, code === 201 ? 'ConfigMap' : 'Status');
      if (code === 201) assert.equal(answer.body.apiVersion, 'v1');
      else assert.match(answer.body.message, /does not match the expected/);
    }
  });

  test('K2: what the server sets and what it wipes', async () => {
    const sent = machine('set', (m) => {
      Object.assign(m.metadata, {
        uid: '00000000-0000-4000-8000-000000000000',
        creationTimestamp: '2001-01-01T00:00:00Z',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 5,
        generation: 7,
        selfLink: '/x',
      });
      m.status = { phase: 'Running' };
    });
    const { metadata, status } = (await t.admin.post(MACHINES, sent).expect(201)).body;
    assert.match(metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(metadata.uid, '00000000-0000-4000-8000-000000000000');
    assert.ok(Math.abs(Date.parse(metadata.creationTimestamp) - Date.now()) < 60_000);
    assert.match(metadata.resourceVersion, /^[1-9]\d*$/);
    assert.equal(metadata.generation, 1);
    for (const gone of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) {
      assert.equal(metadata[gone], undefined, gone);
    }
    assert.equal(status.phase, 'Pending');
  });

  test('K3: an object that has a resourceVersion is not created, and the failure has a reason', async () => {
    const { body } = await configmap({ name: 'a', resourceVersion: '5' }).expect(400);
    assert.equal(body.message, 'resourceVersion should not be set on objects to be created');
    assert.equal(body.reason, 'BadRequest');
    await t.admin.get(`${CONFIGMAPS}/a`).expect(404);
  });

  test('K4: a name that is taken, also by an object that is going', async () => {
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'taken', finalizers: ['a.b/c'] } }).expect(201);
    const { body } = await configmap({ name: 'taken' }).expect(409);
    assert.equal(body.reason, 'AlreadyExists');
    assert.equal(body.message, 'configmaps "taken" already exists');
    await t.admin.delete(`${CONFIGMAPS}/taken`).expect(200);
    const going = await t.admin.post(CONFIGMAPS, { metadata: { name: 'taken' } }).expect(409);
    assert.equal(going.body.message, 'object is being deleted: configmaps "taken" already exists');
    await t.admin.patch(`${CONFIGMAPS}/taken`, { metadata: { finalizers: null } }).expect(200);
  });

  test('K5: five characters follow the base, which is cut at 58', async () => {
    const long = 'x'.repeat(70);
    for (const [base, kept] of [
      ['pool-', 'pool-'],
      [long, long.slice(0, 58)],
    ] as const) {
      const { metadata } = (await configmap({ generateName: base }).expect(201)).body;
      assert.equal(metadata.name.slice(0, kept.length), kept);
      assert.match(metadata.name.slice(kept.length), ALPHABET);
      assert.equal(metadata.generateName, base);
    }
  });

  test('K5, E3: a drawn name that is taken is drawn again, and in the end the client is told to come back', async () => {
    const draw = { generateName: 'drawn-' };
    let drawn = 0;
    // Each name takes five draws: the first two names are the same one, the third is another.
    const fixed = mock.method(crypto, 'randomInt', () => (drawn++ < 10 ? 0 : 1));
    syncBuiltinESMExports();
    try {
      const first = await t.admin.post(CONFIGMAPS, { metadata: draw }).expect(201);
      assert.equal(first.body.metadata.name, 'drawn-bbbbb');
      const second = await t.admin.post(CONFIGMAPS, { metadata: draw }).expect(201);
      assert.equal(second.body.metadata.name, 'drawn-ccccc');
      const { body, headers } = await t.admin.post(CONFIGMAPS, { metadata: draw }).expect(409);
      assert.equal(body.reason, 'AlreadyExists');
      assert.match(body.message, /the server was not able to generate a unique name for the object/);
      assert.equal(body.details.retryAfterSeconds, 1);
      assert.equal(headers['retry-after'], '1');
      // Eight names and no more.
      assert.equal(drawn, 5 + 10 + 40);
    } finally {
      fixed.mock.restore();
      syncBuiltinESMExports();
    }
  });

  test('K6: a dry run answers as the real request would, without a version, and stores nothing', async () => {
    const watch = await t.admin.watch(`${MACHINES}?watch=true&fieldSelector=metadata.name%3Ddry`);
    const { body } = await t.admin.post(`${MACHINES}?dryRun=All`, machine('dry')).expect(201);
    assert.equal(body.metadata.resourceVersion, undefined);
    assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
    assert.equal(body.spec.runStrategy, 'Always');
    await t.admin.get(`${MACHINES}/dry`).expect(404);
    await t.admin.post(`${MACHINES}?dryRun=All&dryRun=All`, machine('set')).expect(409);
    await t.admin.post(`${MACHINES}?dryRun=All`, machine('Bad Name')).expect(422);
    // Nothing came before the real one.
    await t.admin.post(MACHINES, machine('dry')).expect(201);
    assert.deepEqual(await watch.names(1), ['ADDED dry']);
    watch.close();
  });

  test('K6: dry runs of update, patch, status, an action, delete and deletecollection', async () => {
    const { body } = await t.admin.get(`${MACHINES}/dry`).expect(200);
    const { resourceVersion } = body.metadata;
    const changed = { ...body, metadata: { ...body.metadata, labels: { dry: 'yes' } } };
    const put = await t.admin.put(`${MACHINES}/dry?dryRun=All`, changed).expect(200);
    assert.deepEqual(put.body.metadata.labels, { dry: 'yes' });
    await t.admin.patch(`${MACHINES}/dry?dryRun=All`, { metadata: { labels: { a: 'b' } } }).expect(200);
    await t.admin.patch(`${MACHINES}/dry/status?dryRun=All`, { status: { message: 'x' } }).expect(200);
    await t.admin
      .post(`${MACHINES}/dry/stop?dryRun=All`)
      .expect((answer) => assert.ok(answer.status < 300, answer.text));
    await t.admin.delete(`${MACHINES}/dry?dryRun=All`).expect(200);
    await t.admin.delete(`${MACHINES}/dry`, { dryRun: ['All'] }).expect(200);
    await t.admin.delete(`${MACHINES}?dryRun=All`).expect(200);
    const after = await t.admin.get(`${MACHINES}/dry`).expect(200);
    assert.equal(after.body.metadata.resourceVersion, resourceVersion);
    assert.equal(after.body.metadata.deletionTimestamp, undefined);
  });

  test('K6: any other value of dryRun is 422 on the kind of the options, and nothing is done', async () => {
    for (const [send, kind] of [
      [() => t.admin.post(`${MACHINES}?dryRun=Some`, machine('some')), 'CreateOptions'],
      [() => t.admin.post(`${MACHINES}?dryRun=All&dryRun=`, machine('some')), 'CreateOptions'],
      [() => t.admin.patch(`${MACHINES}/dry?dryRun=true`, {}), 'PatchOptions'],
      [() => t.admin.put(`${MACHINES}/dry?dryRun=1`, machine('dry')), 'UpdateOptions'],
      [() => t.admin.delete(`${MACHINES}/dry?dryRun=x`), 'DeleteOptions'],
    ] as const) {
      const { body } = await send().expect(422);
      assert.equal(body.details.kind, kind);
      assert.equal(body.details.causes[0].field, 'dryRun');
      assert.equal(body.details.causes[0].reason, 'FieldValueNotSupported');
    }
    await t.admin.get(`${MACHINES}/some`).expect(404);
  });

  test('K7: a field manager has at most 128 printable characters', async () => {
    for (const manager of ['x'.repeat(129), 'a%07b', 'a%0Ab', 'ä'.repeat(65)]) {
      const { body } = await t.admin
        .post(`${CONFIGMAPS}?fieldManager=${manager}`, { metadata: { name: 'm' } })
        .expect(422);
      assert.equal(body.details.kind, 'CreateOptions');
      assert.equal(body.details.causes[0].field, 'fieldManager');
    }
    await t.admin
      .post(`${CONFIGMAPS}?dryRun=All&fieldManager=${'x'.repeat(128)}`, { metadata: { name: 'm' } })
      .expect(201);
  });

  test('K8: a POST to an object is no create; a POST to a subresource of it is the action', async () => {
    await t.admin.post(`${MACHINES}/dry`, machine('dry')).expect(405);
    await t.admin.post(`${MACHINES}/new`, machine('new')).expect(405);
    const { body } = await t.admin.post(`${MACHINES}/dry/binding?dryRun=All`, { target: { name: 'nowhere' } });
    assert.equal(body.kind, 'Status');
    assert.notEqual(body.code, 405);
  });

  test('K10: names are DNS subdomains and segments of a path', async () => {
    for (const name of ['Web', 'a_b', '-a', 'a-', 'a..b', 'x'.repeat(254), 'a b', 'ä']) {
      await refused({ name }, 'metadata.name', /lowercase RFC 1123 subdomain|no more than 253 bytes/);
    }
    for (const name of ['.', '..', 'a/b', 'a%b']) await refused({ name }, 'metadata.name', /may not/);
    for (const generateName of ['Web-', '-', 'a/', 'a_-']) {
      await refused({ generateName }, 'metadata.generateName', /lowercase RFC 1123 subdomain/);
    }
    await configmap({ generateName: 'a.b-' }).expect(201);
    const { body } = await t.admin.post('/api/v1/namespaces?dryRun=All', { metadata: { name: 'a.b' } }).expect(422);
    assert.match(body.message, /lowercase RFC 1123 label/);
  });

  test('K11: labels and annotations', async () => {
    const name = 'rules';
    for (const labels of [
      { 'a b': 'c' },
      { 'a/b/c': 'd' },
      { '/a': 'b' },
      { 'A.b/c': 'd' },
      { [`a/${'x'.repeat(64)}`]: '' },
    ]) {
      await refused({ name, labels }, 'metadata.labels', /./);
    }
    for (const value of ['x'.repeat(64), 'a b', '-a', 'a/b']) {
      await refused({ name, labels: { a: value } }, 'metadata.labels', /./);
    }
    await configmap({
      name,
      labels: { 'a.b/c': '', d: 'E_f.g-1' },
      annotations: { 'Upper.Case/K': 'any text\n' },
    }).expect(201);
    await refused({ name, annotations: { 'a b': 'c' } }, 'metadata.annotations', /./);
    const half = 'x'.repeat(131_071);
    await configmap({ name, annotations: { a: half, b: half } }).expect(201);
    const reason = await refused(
      { name, annotations: { a: half, b: `${half}x` } },
      'metadata.annotations',
      /262144 bytes/,
    );
    assert.equal(reason, 'FieldValueTooLong');
  });

  test('K11: owners and finalizers', async () => {
    const name = 'rules';
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
    for (const key of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      await refused(
        { name, ownerReferences: [{ ...owner, [key]: '' }] },
        `metadata.ownerReferences[0].${key}`,
        /not be empty/,
      );
      const { [key]: _left, ...rest } = owner;
      await refused({ name, ownerReferences: [rest] }, `metadata.ownerReferences[0].${key}`, /not be empty/);
    }
    const controllers = [1, 2].map((uid) => ({ ...owner, uid: String(uid), controller: true }));
    await refused({ name, ownerReferences: controllers }, 'metadata.ownerReferences', /Only one reference/);
    await refused(
      { name, ownerReferences: [{ ...owner, kind: 'Event' }] },
      'metadata.ownerReferences[0]',
      /disallowed/,
    );
    await configmap({
      name,
      ownerReferences: [
        { ...owner, controller: true },
        { ...owner, uid: 'v' },
      ],
    }).expect(201);
    await refused({ name, finalizers: ['a b'] }, 'metadata.finalizers', /./);
    await refused({ name, finalizers: ['orphan', 'foregroundDeletion'] }, 'metadata.finalizers', /cannot be both set/);
  });

  test('K13: what Go clients always send is accepted', async () => {
    const sent = machine('go', (m) => {
      m.metadata.creationTimestamp = null;
      m.metadata.labels = null;
      m.status = {};
    });
    const { body } = await t.admin.post(MACHINES, sent).expect(201);
    assert.match(body.metadata.creationTimestamp, /Z$/);
    await t.admin.put(`${MACHINES}/go`, {
      ...body,
      metadata: { ...body.metadata, creationTimestamp: null },
      status: {},
    });
    assert.equal((await t.admin.get(`${MACHINES}/go`)).body.status.phase, 'Pending');
  });

  test('K14: unknown fields are pruned, defaults are written, keys of a list occur once', async () => {
    const sent = machine('shape', (m) => {
      m.spec.domain.surprise = { a: 1 };
    });
    const { body } = await t.admin.post(`${MACHINES}?fieldValidation=Ignore&dryRun=All`, sent).expect(201);
    assert.equal(body.spec.domain.surprise, undefined);
    assert.equal(body.spec.domain.machine.type, 'q35');
    const twice = machine('shape', (m) => {
      m.spec.volumes.push(m.spec.volumes[0]);
    });
    const wrong = await t.admin.post(MACHINES, twice).expect(422);
    const cause = wrong.body.details.causes.find((one: { field: string }) => one.field === 'spec.volumes[1].name');
    assert.equal(cause.reason, 'FieldValueDuplicate');
    assert.match(cause.message, /^Duplicate value: "root"/);
  });
});
