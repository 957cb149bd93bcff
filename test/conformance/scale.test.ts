import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Client, startApi, type TestApi } from './harness.ts';
import { POOLS, pool } from './pools.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('the subresource scale', { timeout: 120_000 }, () => {
  let api: TestApi;
  let admin: Client;

  before(async () => {
    api = await startApi();
    admin = api.admin;
  });
  after(() => api.stop());

  const created = async (name: string) => {
    const { status, body } = await admin.post(POOLS, pool(name));
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const scaleOf = (name: string, query = '') => `${POOLS}/${name}/scale${query}`;
  const scale = (name: string, replicas: number, metadata = {}) => ({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace: 'default', ...metadata },
    spec: { replicas },
  });

  test('U1: GET answers a Scale with the identity of the object and the selector as text', async () => {
    const stored = await created('shown');
    const { status, body } = await admin.get(scaleOf('shown'));
    assert.equal(status, 200);
    const { uid, resourceVersion, creationTimestamp } = stored.metadata;
    assert.deepEqual(body, {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'shown', namespace: 'default', uid, resourceVersion, creationTimestamp },
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=shown' },
    });
  });

  test('U1: the selector holds expressions too', async () => {
    const selector = {
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'app', operator: 'Exists' },
      ],
    };
    const body = pool('expressed', ({ spec }) => {
      spec.selector = selector;
      spec.template.metadata.labels.tier = 'a';
    });
    assert.equal((await admin.post(POOLS, body)).status, 201);
    assert.equal((await admin.get(scaleOf('expressed'))).body.status.selector, 'app,tier in (a,b)');
  });

  test('U1: PUT without a resourceVersion writes spec.replicas and answers the new version', async () => {
    const before = await created('put');
    const { status, body } = await admin.put(scaleOf('put'), scale('put', 3));
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.kind, 'Scale');
    assert.equal(body.spec.replicas, 3);
    const after = (await admin.get(`${POOLS}/put`)).body;
    assert.equal(after.spec.replicas, 3);
    assert.equal(after.metadata.resourceVersion, body.metadata.resourceVersion);
    assert.notEqual(after.metadata.resourceVersion, before.metadata.resourceVersion);
    assert.equal(after.metadata.generation, 2);
    assert.deepEqual({ ...after.spec, replicas: 0 }, { ...before.spec, replicas: 0 });
  });

  test('U1: zero replicas as Go clients write them, and the headers that an autoscaler sends', async () => {
    await created('autoscaled');
    const body = {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'autoscaled' },
      spec: {},
      status: { replicas: 7 },
    };
    const answer = await admin
      .put(scaleOf('autoscaled'), body)
      .unset('Content-Type')
      .set('Accept', 'application/vnd.kubernetes.protobuf, */*');
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body.spec.replicas, 0);
    assert.equal(answer.body.status.replicas, 0);
    assert.equal((await admin.get(`${POOLS}/autoscaled`)).body.spec.replicas, 0);
  });

  test('U1: merge and JSON patches of the Scale', async () => {
    await created('patched');
    const merged = await admin.patch(scaleOf('patched'), { spec: { replicas: 4 } });
    assert.equal(merged.status, 200, JSON.stringify(merged.body));
    assert.equal(merged.body.spec.replicas, 4);
    const operations = [
      { op: 'test', path: '/spec/replicas', value: 4 },
      { op: 'replace', path: '/spec/replicas', value: 5 },
    ];
    const patched = await admin.patch(scaleOf('patched'), operations, 'application/json-patch+json');
    assert.equal(patched.status, 200, JSON.stringify(patched.body));
    assert.equal((await admin.get(`${POOLS}/patched`)).body.spec.replicas, 5);
    const again = await admin.patch(scaleOf('patched'), operations, 'application/json-patch+json');
    assert.deepEqual([again.status, again.body.reason], [422, 'Invalid']);
    const strategic = await admin.patch(scaleOf('patched'), {}, 'application/strategic-merge-patch+json');
    assert.equal(strategic.status, 415);
  });

  test('U1: a stale resourceVersion and another uid are conflicts', async () => {
    const { metadata } = await created('guarded');
    assert.equal((await admin.put(scaleOf('guarded'), scale('guarded', 2, metadata))).status, 200);
    for (const guard of [
      { resourceVersion: metadata.resourceVersion },
      { uid: '00000000-0000-4000-8000-000000000000' },
    ]) {
      for (const answer of [
        await admin.put(scaleOf('guarded'), scale('guarded', 9, guard)),
        await admin.patch(scaleOf('guarded'), { metadata: guard, spec: { replicas: 9 } }),
      ]) {
        assert.deepEqual([answer.status, answer.body.reason], [409, 'Conflict'], JSON.stringify(guard));
        assert.equal(answer.body.details.kind, 'virtualmachinepools');
      }
    }
    assert.equal((await admin.get(`${POOLS}/guarded`)).body.spec.replicas, 2);
  });

  test('U1: a negative or unreadable number is refused as a field of the Scale', async () => {
    await created('refused');
    for (const [replicas, cause] of [
      [-1, 'FieldValueInvalid'],
      ['3', 'FieldValueTypeInvalid'],
      [1.5, 'FieldValueTypeInvalid'],
      [2 ** 31, 'FieldValueInvalid'],
    ] as const) {
      for (const answer of [
        await admin.put(scaleOf('refused'), scale('refused', replicas as number)),
        await admin.patch(scaleOf('refused'), { spec: { replicas } }),
      ]) {
        assert.equal(answer.status, 422, `${replicas}: ${JSON.stringify(answer.body)}`);
        assert.deepEqual([answer.body.details.kind, answer.body.details.group], ['Scale', 'autoscaling']);
        assert.deepEqual(
          answer.body.details.causes.map(({ reason, field }: { reason: string; field: string }) => [reason, field]),
          [[cause, 'spec.replicas']],
        );
      }
    }
    assert.equal((await admin.get(`${POOLS}/refused`)).body.spec.replicas, 1);
  });

  test('U1: dryRun answers what would be and stores nothing', async () => {
    const { metadata } = await created('rehearsed');
    for (const answer of [
      await admin.put(scaleOf('rehearsed', '?dryRun=All'), scale('rehearsed', 6)),
      await admin.patch(scaleOf('rehearsed', '?dryRun=All'), { spec: { replicas: 6 } }),
    ]) {
      assert.deepEqual([answer.status, answer.body.spec.replicas], [200, 6]);
    }
    assert.equal((await admin.get(scaleOf('rehearsed'))).body.metadata.resourceVersion, metadata.resourceVersion);
  });

  test('U1: what is no Scale of this object is refused', async () => {
    await created('named');
    const other = await admin.put(scaleOf('named'), scale('other', 2));
    assert.deepEqual([other.status, other.body.reason], [400, 'BadRequest']);
    const kind = await admin.put(scaleOf('named'), { ...scale('named', 2), kind: 'Deployment' });
    assert.deepEqual([kind.status, kind.body.reason], [400, 'BadRequest']);
    assert.equal((await admin.put(scaleOf('absent'), scale('absent', 2))).status, 404);
    assert.equal((await admin.get(scaleOf('absent'))).status, 404);
    assert.equal((await admin.delete(scaleOf('named'))).status, 405);
    assert.equal((await admin.post(scaleOf('named'), scale('named', 2))).status, 405);
    const unknown = await admin.put(scaleOf('named', '?fieldValidation=Strict'), { ...scale('named', 2), more: 1 });
    assert.deepEqual([unknown.status, unknown.body.reason], [400, 'BadRequest']);
    const warned = await admin.put(scaleOf('named'), { ...scale('named', 2), more: 1 });
    assert.equal(warned.status, 200);
    assert.match(warned.headers.warning ?? '', /unknown field \\?"more\\?"/);
  });

  test('U1: shown as a table it has the columns that kubectl knows', async () => {
    await created('tabled');
    const { status, body } = await admin.get(scaleOf('tabled')).set('Accept', TABLE);
    assert.equal(status, 200);
    assert.deepEqual(
      body.columnDefinitions.map(({ name }: { name: string }) => name),
      ['Name', 'Desired', 'Available', 'Age'],
    );
    assert.deepEqual(body.rows[0].cells.slice(0, 3), ['tabled', 1, 0]);
  });

  test('U1: two that scale at once without a version both succeed', async () => {
    await created('raced');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, replicas) => admin.patch(scaleOf('raced'), { spec: { replicas } })),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  });
});

describe('a pool of machines', { timeout: 120_000 }, () => {
  let api: TestApi;
  let admin: Client;

  before(async () => {
    api = await startApi();
    admin = api.admin;
  });
  after(() => api.stop());

  const refusal = async (name: string, change: Parameters<typeof pool>[1]) => {
    const { status, body } = await admin.post(POOLS, pool(name, change));
    return { status, fields: (body.details?.causes ?? []).map((cause: { field: string }) => cause.field), body };
  };

  test('has one machine by default, and a status that a client cannot write with it', async () => {
    const body = { ...pool('plain'), status: { replicas: 9 } };
    const created = await admin.post(POOLS, body);
    assert.equal(created.status, 201, JSON.stringify(created.body));
    assert.equal(created.body.spec.replicas, 1);
    assert.deepEqual(created.body.status, { replicas: 0 });
    assert.equal(created.body.spec.template.spec.runStrategy, 'Always');
  });

  test('needs a selector that its own machines have, and keeps it', async () => {
    const selectorless = await refusal('none', ({ spec }) => delete spec.selector);
    assert.deepEqual([selectorless.status, selectorless.fields], [422, ['spec.selector']]);
    const empty = await refusal('empty', ({ spec }) => (spec.selector = {}));
    assert.deepEqual([empty.status, empty.fields], [422, ['spec.selector']]);
    const wrong = await refusal('wrong', ({ spec }) => (spec.selector.matchLabels = { 'a b': 'c' }));
    assert.deepEqual([wrong.status, wrong.fields], [422, ['spec.selector']]);
    const other = await refusal('other', ({ spec }) => (spec.template.metadata.labels = { app: 'another' }));
    assert.deepEqual([other.status, other.fields], [422, ['spec.template.metadata.labels']]);

    assert.equal((await admin.post(POOLS, pool('lasting'))).status, 201);
    const change = {
      spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } } } },
    };
    const moved = await admin.patch(`${POOLS}/lasting`, change);
    assert.equal(moved.status, 422);
    assert.deepEqual(
      moved.body.details.causes.map(({ field, message }: { field: string; message: string }) => [
        field,
        message.split(': ').at(-1),
      ]),
      [['spec.selector', 'field is immutable']],
    );
  });

  test('is held to the rules of machines in its template, each at its place', async () => {
    const disk = await refusal('disk', ({ spec }) => (spec.template.spec.domain.devices.disks[0].name = 'nowhere'));
    assert.equal(disk.status, 422);
    for (const at of disk.fields) assert.match(at, /^spec\.template\.spec\./);
    const type = await refusal('type', ({ spec }) => (spec.template.spec.runStrategy = 'Sometimes'));
    assert.deepEqual([type.status, type.fields], [422, ['spec.template.spec.runStrategy']]);
    const absent = await refusal('absent', ({ spec }) => delete spec.template.spec);
    assert.deepEqual([absent.status, absent.fields], [422, ['spec.template.spec']]);
    const negative = await refusal('negative', ({ spec }) => (spec.replicas = -1));
    assert.deepEqual([negative.status, negative.fields], [422, ['spec.replicas']]);
    const label = await refusal('label', ({ spec }) => (spec.template.metadata.labels.bad = 'a b'));
    assert.deepEqual([label.status, label.fields], [422, ['spec.template.metadata.labels']]);
    const note = await refusal('note', ({ spec }) => (spec.template.metadata.annotations = { 'a b': 'c' }));
    assert.deepEqual([note.status, note.fields], [422, ['spec.template.metadata.annotations']]);
    const asleep = await admin.post(
      `${POOLS}?dryRun=All`,
      pool('asleep', ({ spec }) => (spec.template.spec.idle = { after: '5m' })),
    );
    assert.match(asleep.headers.warning ?? '', /spec\.template\.spec\.idle is kept and has no effect/);
  });

  test('refuses what this version does not do instead of ignoring it', async () => {
    for (const change of [
      ({ spec }) => (spec.warm = { replicas: 2 }),
      ({ spec }) => (spec.updateStrategy = { type: 'RollingUpdate' }),
      ({ spec }) => (spec.template.metadata.name = 'x'),
    ] satisfies Parameters<typeof pool>[1][]) {
      const { status, body } = await refusal('early', change);
      assert.equal(status, 400);
      assert.match(body.message, /unknown field/);
    }
  });

  test('has a status of its own to write, whose parts are not more than the whole', async () => {
    const { body } = await admin.post(POOLS, pool('counted'));
    const write = (status: object) => admin.put(`${POOLS}/counted/status`, { ...body, status });
    const wrong = await write({ replicas: 1, readyReplicas: 2 });
    assert.deepEqual([wrong.status, wrong.body.details.causes[0].field], [422, 'status.readyReplicas']);
    const written = await write({ replicas: 2, readyReplicas: 1, labelSelector: 'app=counted' });
    assert.equal(written.status, 200);
    assert.equal(written.body.metadata.generation, 1);
    assert.equal((await admin.get(`${POOLS}/counted/scale`)).body.status.replicas, 2);
  });
});
