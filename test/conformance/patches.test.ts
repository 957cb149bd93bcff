import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';
import { POOLS, pool } from './pools.ts';

const JSON_PATCH = 'application/json-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const GENERIC = 'the server rejected our request due to an error in our request';

describe('patches', () => {
  let api: TestApi;
  const web = `${MACHINES}/web`;
  before(async () => {
    api = await startApi();
    await api.admin.post(MACHINES, machine('web')).expect(201);
  });
  after(() => api.stop());

  const configMap = (name: string, data: Record<string, string>) =>
    api.admin.post(CONFIGMAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }).expect(201);

  test('P1: a JSON patch applies whole or not at all, and says no more than that it does not', async () => {
    const add = [{ op: 'add', path: '/metadata/annotations', value: { a: 'b' } }];
    const { body } = await api.admin.patch(web, add, JSON_PATCH).expect(200);
    assert.deepEqual(body.metadata.annotations, { a: 'b' });
    for (const failing of [
      [{ op: 'test', path: '/metadata/annotations/a', value: 'x' }],
      [{ op: 'replace', path: '/spec/nothing/here', value: 1 }],
      [
        { op: 'add', path: '/metadata/labels', value: {} },
        { op: 'remove', path: '/metadata/absent' },
      ],
    ]) {
      const refused = await api.admin.patch(web, failing, JSON_PATCH).expect(422);
      assert.equal(refused.body.message, GENERIC);
      assert.equal(refused.body.reason, 'Invalid');
      assert.deepEqual(refused.body.details, {});
    }
    assert.equal((await api.admin.get(web)).body.metadata.labels, undefined);
    for (const wrong of ['{"op":', '{}', '[1]', '[{"op":"jump","path":"/a"}]', '[{"op":"add"}]']) {
      assert.equal((await api.admin.patch(web, wrong, JSON_PATCH).expect(400)).body.reason, 'BadRequest', wrong);
    }
  });

  test('P1: a JSON patch of more than 10000 operations is too large', async () => {
    const operations = (count: number) => Array(count).fill({ op: 'test', path: '/kind', value: 'VirtualMachine' });
    await api.admin.patch(web, operations(10_000), JSON_PATCH).expect(200);
    const { body } = await api.admin.patch(web, operations(10_001), JSON_PATCH).expect(413);
    assert.equal(body.reason, 'RequestEntityTooLarge');
  });

  test('P1: a merge patch that is none is 400; a patch that leaves no object is 422 on the field patch', async () => {
    for (const wrong of ['[]', '"x"', '{', 'null']) {
      assert.equal((await api.admin.patch(web, wrong).expect(400)).body.reason, 'BadRequest', wrong);
    }
    const gone = await api.admin.patch(web, [{ op: 'replace', path: '', value: 7 }], JSON_PATCH).expect(422);
    assert.deepEqual([gone.body.reason, gone.body.details.causes[0].field], ['Invalid', 'patch']);
    const misspelled = await api.admin.patch(`${web}?fieldValidation=Strict`, { spec: { domian: {} } }).expect(422);
    assert.equal(misspelled.body.details.causes[0].field, 'patch');
    const removed = await api.admin.patch(web, { metadata: { annotations: null } }).expect(200);
    assert.equal(removed.body.metadata.annotations, undefined);
  });

  test('P2: strategic merge patches of our kinds, and patches of no type, are 415 and say what is taken', async () => {
    for (const type of [STRATEGIC, 'text/plain', 'application/json']) {
      const { body } = await api.admin.patch(`${web}?fieldManager=x`, {}, type).expect(415);
      assert.equal(body.reason, 'UnsupportedMediaType');
      for (const taken of ['json-patch+json', 'merge-patch+json', 'apply-patch+yaml'])
        assert.ok(body.message.includes(taken));
    }
    assert.equal((await api.admin.get(web)).body.metadata.generation, 1);
  });

  test('P2: the kinds of Kubernetes take them by their own rules', async () => {
    await configMap('owned', { a: '1' });
    const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid });
    const path = `${CONFIGMAPS}/owned`;
    await api.admin.patch(path, { metadata: { ownerReferences: [owner('u1'), owner('u2')] } }).expect(200);
    const patch = { metadata: { uid: undefined, ownerReferences: [{ $patch: 'delete', uid: 'u1' }] } };
    const { body } = await api.admin.patch(path, patch, STRATEGIC).expect(200);
    assert.deepEqual(body.metadata.ownerReferences, [owner('u2')]);
    await api.admin.patch(path, { metadata: { ownerReferences: [{ $patch: 'explode' }] } }, STRATEGIC).expect(400);
  });

  test('P3: a version in a patch is a lock; without one, patches at once all arrive', async () => {
    const stale = await api.admin.patch(web, { metadata: { resourceVersion: '1', labels: { a: 'b' } } }).expect(409);
    assert.equal(stale.body.reason, 'Conflict');
    const { resourceVersion } = (await api.admin.get(web)).body.metadata;
    await api.admin.patch(web, { metadata: { resourceVersion, labels: { locked: 'yes' } } }).expect(200);
    const replace = [{ op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion }];
    await api.admin.patch(web, replace, JSON_PATCH).expect(409);
    await configMap('many', {});
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    const answers = await Promise.all(
      keys.map((key) => api.admin.patch(`${CONFIGMAPS}/many`, { data: { [key]: '1' } })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      keys.map(() => 200),
    );
    assert.deepEqual(Object.keys((await api.admin.get(`${CONFIGMAPS}/many`)).body.data).sort(), keys);
  });

  test('P4: what is missing is 404, and identity cannot be patched', async () => {
    const missing = await api.admin.patch(`${MACHINES}/missing`, { metadata: { labels: { a: 'b' } } }).expect(404);
    assert.deepEqual([missing.body.details.name, missing.body.details.kind], ['missing', 'virtualmachines']);
    await api.admin.patch(`${MACHINES}/missing`, [], JSON_PATCH).expect(404);
    for (const [member, value] of Object.entries({ name: 'other', namespace: 'kube-system' })) {
      const { body } = await api.admin.patch(web, { metadata: { [member]: value } }).expect(422);
      assert.equal(body.details.causes[0].field, `metadata.${member}`);
    }
    await api.admin.patch(web, { metadata: { uid: 'another' } }).expect(409);
    const created = await api.admin.patch(web, { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } }).expect(422);
    assert.equal(created.body.details.causes[0].field, 'metadata.creationTimestamp');
  });

  test('P5: the answer is the patched object; what changes nothing has the same version and no event', async () => {
    const { body } = await api.admin.patch(web, { metadata: { labels: { once: '1' } } }).expect(200);
    assert.equal(body.kind, 'VirtualMachine');
    assert.equal(body.metadata.labels.once, '1');
    const watch = await api.admin.watch(
      `${MACHINES}?watch=true&fieldSelector=metadata.name=web&resourceVersion=${body.metadata.resourceVersion}`,
    );
    const same = await api.admin.patch(web, { metadata: { labels: { once: '1' } } }).expect(200);
    assert.deepEqual(same.body, body);
    const next = await api.admin.patch(web, { metadata: { labels: { once: '2' } } }).expect(200);
    const event = await watch.next();
    assert.equal(
      (event?.object as typeof body | undefined)?.metadata.resourceVersion,
      next.body.metadata.resourceVersion,
    );
    watch.close();
  });

  test('P6: a patch of status changes status alone, one of scale the number alone', async () => {
    const both = { metadata: { labels: { no: '1' } }, spec: { runStrategy: 'Halted' }, status: { phase: 'Stopped' } };
    const { body } = await api.admin.patch(`${web}/status`, both).expect(200);
    assert.equal(body.status.phase, 'Stopped');
    assert.equal(body.spec.runStrategy, 'Always');
    assert.equal(body.metadata.labels.no, undefined);
    assert.equal(body.metadata.generation, 1);
    await api.admin.post(POOLS, pool('many')).expect(201);
    const patch = { metadata: { labels: { no: '1' } }, spec: { replicas: 3 }, status: { replicas: 9 } };
    const scaled = await api.admin.patch(`${POOLS}/many/scale`, patch).expect(200);
    assert.equal(scaled.body.spec.replicas, 3);
    const parent = (await api.admin.get(`${POOLS}/many`)).body;
    assert.equal(parent.spec.replicas, 3);
    assert.equal(parent.metadata.labels, undefined);
    assert.notEqual(parent.status?.replicas, 9);
    await api.admin
      .patch(`${web}/status`, [{ op: 'test', path: '/status/phase', value: 'No' }], JSON_PATCH)
      .expect(422);
  });
});
