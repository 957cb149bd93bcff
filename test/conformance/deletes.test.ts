/** DELETE of an object and of a collection. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const path = (name: string) => `${CONFIGMAPS}/${name}`;

describe('delete', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
  });
  after(() => t?.stop());

  const make = async (name: string, metadata: object = {}) =>
    (await t.admin.post(CONFIGMAPS, { metadata: { name, ...metadata } }).expect(201)).body;
  const release = (name: string) => t.admin.patch(path(name), { metadata: { finalizers: null } }).expect(200);
  const names = (body: { items: { metadata: { name: string } }[] }) => body.items.map((item) => item.metadata.name);
  const stored = async () => names((await t.admin.get(CONFIGMAPS).expect(200)).body);

  test('X1: options in the body, under any of their versions, or in the query; the body wins', async () => {
    for (const head of [
      {},
      { kind: 'DeleteOptions', apiVersion: 'v1' },
      { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
      { apiVersion: 'v1' },
    ]) {
      await make('a');
      const { body } = await t.admin.delete(path('a'), { ...head, propagationPolicy: 'Orphan' }).expect(200);
      assert.deepEqual(body.metadata.finalizers, ['orphan'], JSON.stringify(head));
      await release('a');
    }
    await t.admin.post(MACHINES, machine('own')).expect(201);
    const own = { kind: 'DeleteOptions', apiVersion: 'torpor.dev/v1alpha1', dryRun: ['All'] };
    await t.admin.delete(`${MACHINES}/own`, own).expect(200);
    await make('a');
    const query = await t.admin.delete(`${path('a')}?propagationPolicy=Foreground&gracePeriodSeconds=0`).expect(200);
    assert.deepEqual(query.body.metadata.finalizers, ['foregroundDeletion']);
    await release('a');
    await make('a');
    // A body, even an empty object, is the options.
    await t.admin.delete(`${path('a')}?propagationPolicy=Foreground`, {}).expect(200);
    await t.admin.get(path('a')).expect(404);
  });

  test('X1: a body of another kind or with other types is 400, and nothing is deleted', async () => {
    await make('keep');
    for (const body of [
      { kind: 'ConfigMap' },
      { kind: 'DeleteOptions', apiVersion: 'v2' },
      { kind: [{ toString: '' }] },
      [],
      '"x"',
      { preconditions: 'uid' },
      { preconditions: { uid: 5 } },
      { gracePeriodSeconds: '5' },
      { orphanDependents: 'false' },
      { dryRun: 'All' },
    ]) {
      const answer = await t.admin.delete(path('keep'), body).expect(400);
      assert.equal(answer.body.reason, 'BadRequest', JSON.stringify(body));
    }
    await t.admin.delete(`${path('keep')}?gracePeriodSeconds=soon`).expect(400);
    await t.admin.delete(path('keep'), 'x').set('Content-Type', 'text/plain').expect(415);
    await t.admin.get(path('keep')).expect(200);
  });

  test('X2: options that contradict each other or are unknown are 422 on DeleteOptions', async () => {
    for (const [body, field] of [
      [{ propagationPolicy: 'Never' }, 'propagationPolicy'],
      [{ propagationPolicy: 'Orphan', orphanDependents: true }, 'propagationPolicy'],
      [{ gracePeriodSeconds: -1 }, 'gracePeriodSeconds'],
    ] as const) {
      const answer = await t.admin.delete(path('keep'), body).expect(422);
      assert.equal(answer.body.details.kind, 'DeleteOptions');
      assert.equal(answer.body.details.causes[0].field, field);
    }
    await t.admin.get(path('keep')).expect(200);
  });

  test('X2, E5: preconditions of uid and version', async () => {
    const { metadata } = await make('p');
    for (const [preconditions, says] of [
      [{ uid: 'other' }, /UID in precondition: other, UID in object meta: /],
      [{ uid: '' }, /UID in precondition/],
      [{ resourceVersion: '1' }, /ResourceVersion in precondition: 1, ResourceVersion in object meta: \d+/],
      [{ uid: metadata.uid, resourceVersion: '1' }, /ResourceVersion in precondition/],
      [{ uid: 'other', resourceVersion: metadata.resourceVersion }, /UID in precondition/],
    ] as const) {
      const { body } = await t.admin.delete(path('p'), { preconditions }).expect(409);
      assert.equal(body.reason, 'Conflict');
      assert.match(body.message, /^Operation cannot be fulfilled on configmaps "p": Precondition failed: /);
      assert.match(body.message, says);
      assert.deepEqual(body.details, { name: 'p', kind: 'ConfigMap' });
    }
    const { uid, resourceVersion } = metadata;
    await t.admin.delete(path('p'), { preconditions: { uid, resourceVersion } }).expect(200);
    await t.admin.delete(path('p'), { preconditions: { uid } }).expect(404);
  });

  test('X3: a policy becomes a finalizer, Background takes both away', async () => {
    for (const [policy, finalizer] of [
      ['Foreground', 'foregroundDeletion'],
      ['Orphan', 'orphan'],
    ] as const) {
      await make('p', { finalizers: ['a.b/c'] });
      const { body } = await t.admin.delete(path('p'), { propagationPolicy: policy }).expect(200);
      assert.deepEqual(body.metadata.finalizers, ['a.b/c', finalizer]);
      const changed = await t.admin.delete(path('p'), { propagationPolicy: 'Background' }).expect(200);
      assert.deepEqual(changed.body.metadata.finalizers, ['a.b/c']);
      await release('p');
    }
    // Without a policy what stands there stays.
    await make('p', { finalizers: ['orphan'] });
    assert.deepEqual((await t.admin.delete(path('p')).expect(200)).body.metadata.finalizers, ['orphan']);
    await release('p');
  });

  test('X3: while something keeps it, the object is marked and answered, once', async () => {
    const made = await make('kept', { finalizers: ['a.b/c'] });
    const from = `resourceVersion=${made.metadata.resourceVersion}`;
    const watch = await t.admin.watch(`${CONFIGMAPS}?watch=true&fieldSelector=metadata.name%3Dkept&${from}`);
    const { body } = await t.admin.delete(path('kept')).expect(200);
    assert.equal(body.kind, 'ConfigMap');
    assert.match(body.metadata.deletionTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(body.metadata.deletionGracePeriodSeconds, 0);
    assert.equal(body.metadata.generation, made.metadata.generation + 1);
    const event = await watch.next();
    assert.equal(event?.type, 'MODIFIED');
    assert.equal(event?.object.metadata.deletionTimestamp, body.metadata.deletionTimestamp);
    await release('kept');
    assert.equal((await watch.next())?.type, 'DELETED');
    watch.close();
  });

  test('X3, E24: a Status says what is gone', async () => {
    const { metadata } = await make('gone');
    const { body } = await t.admin.delete(path('gone')).expect(200);
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'gone', kind: 'configmaps', uid: metadata.uid },
    });
    const claims = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    await t.admin.post(claims, { metadata: { name: 'l' } }).expect(201);
    const grouped = await t.admin.delete(`${claims}/l`).expect(200);
    assert.equal(grouped.body.details.group, 'coordination.k8s.io');
    assert.equal(grouped.body.details.kind, 'leases');
  });

  test('X4: 202 only for the old way to ask for a cascade while the object is still there', async () => {
    await make('old', { finalizers: ['a.b/c'] });
    const accepted = await t.admin.delete(path('old'), { orphanDependents: false }).expect(202);
    assert.equal(accepted.body.kind, 'ConfigMap');
    await t.admin.delete(path('old'), { propagationPolicy: 'Background' }).expect(200);
    const orphaned = await t.admin.delete(`${path('old')}?orphanDependents=true`).expect(200);
    assert.deepEqual(orphaned.body.metadata.finalizers, ['a.b/c', 'orphan']);
    await release('old');
    await make('old');
    await t.admin.delete(`${path('old')}?orphanDependents=false`).expect(200);
  });

  test('X4: deleting again renews nothing; another policy changes the finalizers alone', async () => {
    await make('again', { finalizers: ['a.b/c'] });
    const first = (await t.admin.delete(path('again')).expect(200)).body.metadata;
    const second = (await t.admin.delete(path('again')).expect(200)).body.metadata;
    assert.equal(second.resourceVersion, first.resourceVersion);
    const third = (await t.admin.delete(path('again'), { propagationPolicy: 'Foreground' }).expect(200)).body.metadata;
    assert.deepEqual(third.finalizers, ['a.b/c', 'foregroundDeletion']);
    assert.deepEqual([third.deletionTimestamp, third.generation], [first.deletionTimestamp, first.generation]);
    await release('again');
  });

  test('X5: whoever waits sees by the uid that the object of this name is another one', async () => {
    const first = await make('same');
    const gone = await t.admin.delete(path('same'), { gracePeriodSeconds: 0 }).expect(200);
    assert.equal(gone.body.details.uid, first.metadata.uid);
    const second = await make('same');
    const { body } = await t.admin.get(`${CONFIGMAPS}?fieldSelector=metadata.name%3Dsame`).expect(200);
    assert.equal(body.items[0].metadata.uid, second.metadata.uid);
    assert.notEqual(second.metadata.uid, first.metadata.uid);
    await t.admin.delete(path('same')).expect(200);
  });

  test('X6: a dry run of a delete answers as the real one and deletes nothing', async () => {
    await make('dry');
    for (const send of [
      () => t.admin.delete(`${path('dry')}?dryRun=All`),
      () => t.admin.delete(path('dry'), { dryRun: ['All'] }),
    ]) {
      assert.equal((await send().expect(200)).body.status, 'Success');
    }
    await t.admin.delete(`${path('dry')}?dryRun=All`, { preconditions: { uid: 'other' } }).expect(409);
    await t.admin.get(path('dry')).expect(200);
  });

  test('X10: what the selectors name is deleted and answered as a list; finalizers keep theirs', async () => {
    await make('d1', { labels: { app: 'x' } });
    await make('d2', { labels: { app: 'x' }, finalizers: ['a.b/c'] });
    await make('d3', { labels: { app: 'y' } });
    const { body } = await t.admin.delete(`${CONFIGMAPS}?labelSelector=app%3Dx`).expect(200);
    assert.equal(body.kind, 'ConfigMapList');
    assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/);
    assert.deepEqual(names(body), ['d1', 'd2']);
    assert.deepEqual(await stored(), ['d2', 'd3', 'dry', 'keep']);
    assert.ok((await t.admin.get(path('d2'))).body.metadata.deletionTimestamp);
    await release('d2');
    const one = await t.admin.delete(`${CONFIGMAPS}?fieldSelector=metadata.name%3Dd3`).expect(200);
    assert.deepEqual(names(one.body), ['d3']);
  });

  test('X10: options of lists and of deletes are judged before anything is deleted', async () => {
    for (const [query, body, code, kind] of [
      ['labelSelector=a%3Db%3Dc', undefined, 400, undefined],
      ['fieldSelector=x%3Dy', undefined, 400, undefined],
      ['limit=-1', undefined, 422, 'ListOptions'],
      ['resourceVersionMatch=Exact', undefined, 422, 'ListOptions'],
      ['', { propagationPolicy: 'Never' }, 422, 'DeleteOptions'],
      ['', { kind: 'ConfigMap' }, 400, undefined],
      ['dryRun=Some', undefined, 422, 'DeleteOptions'],
    ] as const) {
      const answer = await t.admin.delete(`${CONFIGMAPS}?${query}`, body).expect(code);
      assert.equal(answer.body.details?.kind, kind, query);
    }
    assert.deepEqual(await stored(), ['dry', 'keep']);
    await t.admin.delete('/api/v1/configmaps').expect(405);
  });

  test('X10: a limit deletes one page; a failure stops, and what is done stays done', async () => {
    for (let index = 10; index < 60; index += 1) await make(`n${index}`);
    const page = await t.admin.delete(`${CONFIGMAPS}?limit=10`).expect(200);
    assert.deepEqual(names(page.body).slice(0, 3), ['dry', 'keep', 'n10']);
    assert.equal(page.body.items.length, 10);
    assert.equal((await stored()).length, 42);
    // One object changes, and with a version as precondition all others are refused.
    const { body } = await t.admin.get(path('n18')).expect(200);
    const { resourceVersion } = body.metadata;
    const refused = await t.admin.delete(CONFIGMAPS, { preconditions: { resourceVersion } }).expect(409);
    assert.equal(refused.body.reason, 'Conflict');
    const left = await stored();
    assert.ok(!left.includes('n18') && left.length === 41, `${left}`);
    const rest = await t.admin.delete(CONFIGMAPS).expect(200);
    assert.equal(rest.body.items.length, 41);
    assert.deepEqual(await stored(), []);
    assert.deepEqual((await t.admin.delete(CONFIGMAPS).expect(200)).body.items, []);
  });

  test('X11: the collection is deleted under a verb of its own', async () => {
    const asked = t.authorized.length;
    await t.admin.delete(`${CONFIGMAPS}?labelSelector=none`).expect(200);
    await t.admin.delete(path('none')).expect(404);
    const verbs = t.authorized.slice(asked).map(({ verb, name }) => `${verb} ${name}`);
    assert.deepEqual(verbs, ['deletecollection ', 'delete none']);
  });
});
