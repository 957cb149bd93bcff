import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expireEvents } from '../../apiserver/resources/events/expiry.ts';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const NAMESPACES = '/api/v1/namespaces';
const core = (plural: string, namespace = 'default') => `${NAMESPACES}/${namespace}/${plural}`;

describe('the kinds of Kubernetes in embedded mode', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
  });
  after(() => t?.stop());

  test('the standing namespaces exist and stay', async () => {
    const { body } = await t.admin.get(NAMESPACES).expect(200);
    assert.deepEqual(
      body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['default', 'kube-system', 'torpor-system'],
    );
    assert.equal(body.items[0].status.phase, 'Active');
    const { body: refused } = await t.admin.delete(`${NAMESPACES}/default`).expect(403);
    assert.match(refused.message, /this namespace may not be deleted/);
  });

  test('A31: a namespace that is going takes no new objects, and goes when it is finalized', async () => {
    await t.admin.post(NAMESPACES, { metadata: { name: 'team' } }).expect(201);
    await t.admin.post(MACHINES.replace('/default/', '/team/'), machine('web')).expect(201);
    const going = await t.admin.delete(`${NAMESPACES}/team`).expect(200);
    assert.equal(going.body.status.phase, 'Terminating');
    assert.deepEqual(going.body.spec.finalizers, ['kubernetes']);
    const { body } = await t.admin.post(core('configmaps', 'team'), { metadata: { name: 'c' } }).expect(403);
    assert.equal(body.details.causes[0].reason, 'NamespaceTerminating');
    // Plain writes cannot take the finalizer away.
    await t.admin.patch(`${NAMESPACES}/team`, { spec: { finalizers: [] } }).expect(200);
    assert.deepEqual((await t.admin.get(`${NAMESPACES}/team`)).body.spec.finalizers, ['kubernetes']);
    await t.admin.delete(MACHINES.replace('/default/', '/team/')).expect(200);
    await t.admin
      .patch(`${MACHINES.replace('/default/', '/team/')}/web`, { metadata: { finalizers: null } })
      .expect(200);
    const finalized = { ...going.body, metadata: { name: 'team' }, spec: { finalizers: [] } };
    await t.admin.put(`${NAMESPACES}/team/finalize`, finalized).expect(200);
    await t.admin.get(`${NAMESPACES}/team`).expect(404);
  });

  test('secrets: stringData becomes data, the type stays, immutable ones too', async () => {
    const sent = { metadata: { name: 's' }, stringData: { password: 'secret' } };
    const { body } = await t.admin.post(core('secrets'), sent).expect(201);
    assert.equal(body.type, 'Opaque');
    assert.equal(body.data.password, Buffer.from('secret').toString('base64'));
    assert.equal(body.stringData, undefined);
    const retyped = await t.admin.patch(`${core('secrets')}/s`, { type: 'other/type' }).expect(422);
    assert.equal(retyped.body.details.causes[0].field, 'type');
    const wrong = await t.admin
      .post(core('secrets'), { metadata: { name: 'w' }, data: { a: 'no base64!' } })
      .expect(422);
    assert.ok(!JSON.stringify(wrong.body).includes('no base64!'));
    await t.admin.patch(`${core('secrets')}/s`, { immutable: true }).expect(200);
    await t.admin.patch(`${core('secrets')}/s`, { data: { password: 'eA==' } }).expect(422);
    const listed = await t.admin.get(`${core('secrets')}?fieldSelector=type%3DOpaque`).expect(200);
    assert.equal(listed.body.items.length, 1);
  });

  test('claims: a size is needed, it may grow, nothing else changes', async () => {
    const claim = (storage?: string) => ({
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: storage === undefined ? {} : { requests: { storage } } },
    });
    await t.admin.post(core('persistentvolumeclaims'), claim()).expect(422);
    const { body } = await t.admin.post(core('persistentvolumeclaims'), claim('1Gi')).expect(201);
    assert.equal(body.status.phase, 'Pending');
    assert.equal(body.spec.volumeMode, 'Filesystem');
    const path = `${core('persistentvolumeclaims')}/data`;
    await t.admin.patch(path, { spec: { resources: { requests: { storage: '512Mi' } } } }).expect(422);
    await t.admin.patch(path, { spec: { accessModes: ['ReadWriteMany'] } }).expect(422);
    await t.admin.patch(path, { spec: { resources: { requests: { storage: '2Gi' } } } }).expect(200);
    const bound = await t.admin.patch(`${path}/status`, { status: { phase: 'Bound', capacity: { storage: '2Gi' } } });
    assert.equal(bound.body.status.phase, 'Bound');
  });

  test('events: selected by their object, and forgotten after an hour', async () => {
    const event = (name: string, object: string) => ({
      metadata: { name },
      involvedObject: { kind: 'VirtualMachine', name: object, namespace: 'default' },
      reason: 'Started',
      type: 'Normal',
      lastTimestamp: '2020-01-01T00:00:00Z',
    });
    await t.admin.post(core('events'), event('e1', 'web')).expect(201);
    await t.admin.post(core('events'), event('e2', 'db')).expect(201);
    const selector = encodeURIComponent('involvedObject.name=web,involvedObject.kind=VirtualMachine');
    const { body } = await t.admin.get(`${core('events')}?fieldSelector=${selector}`).expect(200);
    assert.equal(body.items.length, 1);
    await t.admin.post(core('events'), { ...event('e3', 'web'), involvedObject: { namespace: 'other' } }).expect(422);
    await t.admin.patch(`${core('events')}/e2`, { lastTimestamp: new Date().toISOString() }).expect(200);
    const store = t.api.registry.store('', 'events');
    assert.equal(await expireEvents(store, new Date(), AbortSignal.timeout(5_000)), 1);
    await t.admin.get(`${core('events')}/e1`).expect(404);
    await t.admin.get(`${core('events')}/e2`).expect(200);
  });

  test('leases: an update names the version that it replaces, so one of two wins', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' };
    const { body } = await t.admin.post(leases, { metadata: { name: 'lead' }, spec }).expect(201);
    const claim = (holderIdentity: string) =>
      t.admin.put(`${leases}/lead`, { ...body, spec: { ...spec, holderIdentity } });
    const answers = await Promise.all([claim('b'), claim('c')]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    await t.admin.put(`${leases}/lead`, { metadata: { name: 'lead' }, spec }).expect(422);
  });

  test('roles and bindings: names with colons, a role that a binding keeps', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
    await t.admin.post(`${rbac}/clusterroles`, { metadata: { name: 'team:Reader' }, rules }).expect(201);
    await t.admin.get(`${rbac}/clusterroles/team:Reader`).expect(200);
    const binding = {
      metadata: { name: 'b' },
      subjects: [{ kind: 'User', name: 'eve' }],
      roleRef: { kind: 'ClusterRole', name: 'team:Reader' },
    };
    const { body } = await t.admin.post(`${rbac}/clusterrolebindings`, binding).expect(201);
    assert.equal(body.subjects[0].apiGroup, 'rbac.authorization.k8s.io');
    await t.admin.patch(`${rbac}/clusterrolebindings/b`, { roleRef: { name: 'other' } }).expect(422);
  });

  test('reviews are answered and not stored; other verbs are 405', async () => {
    const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const spec = { resourceAttributes: { verb: 'get', resource: 'secrets' } };
    const { body } = await t.admin.post(reviews, { kind: 'SelfSubjectAccessReview', spec }).expect(201);
    assert.equal(body.status.allowed, true);
    await t.admin.get(reviews).expect(405);
  });

  test('service accounts and config maps are kept as they are sent', async () => {
    await t.admin.post(core('serviceaccounts'), { metadata: { name: 'sa' } }).expect(201);
    const { body } = await t.admin
      .post(core('configmaps'), { metadata: { name: 'cm' }, data: { 'a.b': 'c' } })
      .expect(201);
    assert.deepEqual(body.data, { 'a.b': 'c' });
    await t.admin.post(core('configmaps'), { metadata: { name: 'cm2' }, data: { 'a/b': 'c' } }).expect(422);
    // A PUT without a version overwrites here, as in Kubernetes.
    await t.admin.put(`${core('configmaps')}/cm`, { metadata: { name: 'cm' }, data: { x: 'y' } }).expect(200);
  });
});
