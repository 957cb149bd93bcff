import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ManagedFieldsEntry } from '../../openapi/machinery/object.ts';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const by = (manager: string) => `?fieldManager=${manager}`;
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

describe('who owns which field is recorded with every write', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const entriesOf = async (path: string): Promise<ManagedFieldsEntry[]> =>
    (await api.admin.get(path).expect(200)).body.metadata.managedFields ?? [];
  const managersOf = async (path: string) =>
    (await entriesOf(path)).map(({ manager, operation, subresource = '' }) => `${manager}/${operation}/${subresource}`);
  const create = (name: string, manager = 'maker') =>
    api.admin.post(`${MACHINES}${by(manager)}`, machine(name)).expect(201);
  const labelled = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { a: '1' } },
    data: { x: '1' },
  });

  test('P22, P23: the maker of an object owns what it said and the defaults of it', async () => {
    const { body } = await create('made');
    const [entry, ...others] = body.metadata.managedFields as ManagedFieldsEntry[];
    assert.deepEqual(others, []);
    assert.equal(entry?.manager, 'maker');
    assert.equal(entry?.operation, 'Update');
    assert.equal(entry?.apiVersion, 'torpor.dev/v1alpha1');
    assert.equal(entry?.fieldsType, 'FieldsV1');
    assert.match(entry?.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok(!('subresource' in (entry ?? {})));
    assert.deepEqual(entry?.fieldsV1, {
      'f:spec': {
        '.': {},
        'f:domain': {
          '.': {},
          'f:cpu': { '.': {}, 'f:cores': {}, 'f:model': {}, 'f:sockets': {}, 'f:threads': {} },
          'f:devices': {
            '.': {},
            'f:disks': { '.': {}, 'k:{"name":"root"}': { '.': {}, 'f:disk': { '.': {}, 'f:bus': {} }, 'f:name': {} } },
            'f:interfaces': {
              '.': {},
              'k:{"name":"default"}': { '.': {}, 'f:masquerade': {}, 'f:model': {}, 'f:name': {} },
            },
          },
          'f:machine': { '.': {}, 'f:type': {} },
          'f:memory': { '.': {}, 'f:backing': {}, 'f:guest': {} },
        },
        'f:networks': { '.': {}, 'k:{"name":"default"}': { '.': {}, 'f:name': {}, 'f:pod': {} } },
        'f:runStrategy': {},
        'f:terminationGracePeriodSeconds': {},
        'f:volumes': {
          '.': {},
          'k:{"name":"root"}': { '.': {}, 'f:name': {}, 'f:registryDisk': { '.': {}, 'f:image': {} } },
        },
      },
    });
  });

  test('P24: what identifies the object is never owned, nor what the server keeps it by', async () => {
    const { body } = await create('identity');
    assert.equal(body.metadata.finalizers.length, 1);
    assert.ok(body.status.phase);
    const text = JSON.stringify(await entriesOf(`${MACHINES}/identity`));
    for (const field of [
      'name"',
      'uid',
      'generation',
      'creationTimestamp',
      'resourceVersion',
      'finalizers',
      'status',
    ]) {
      assert.ok(
        !text.includes(`"f:metadata":{"f:${field}`) && !text.includes(`"f:${field}`) === (field !== 'name"'),
        field,
      );
    }
    assert.ok(!text.includes('"f:metadata"'));
  });

  test('P25: an update takes what it changes from others without a word, and keeps what it had', async () => {
    const path = `${CONFIGMAPS}/stolen`;
    await api.admin.post(`${CONFIGMAPS}${by('one')}`, labelled('stolen')).expect(201);
    await api.admin.patch(`${path}${by('two')}`, { data: { x: '2', y: '1' } }).expect(200);
    assert.deepEqual(
      (await entriesOf(path)).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
      [
        ['one', { 'f:data': {}, 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } }],
        ['two', { 'f:data': { 'f:x': {}, 'f:y': {} } }],
      ],
    );
    await api.admin.patch(`${path}${by('one')}`, { data: { x: null }, metadata: { labels: { b: '1' } } }).expect(200);
    assert.deepEqual(
      (await entriesOf(path)).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
      [
        ['one', { 'f:data': {}, 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {}, 'f:b': {} } } }],
        ['two', { 'f:data': { 'f:y': {} } }],
      ],
      'nobody owns what was removed',
    );
  });

  test('P25: status, actions and puts are recorded with their subresource; the name is that of the program', async () => {
    const path = `${MACHINES}/written`;
    await create('written');
    await api.admin.patch(`${path}/status${by('agent')}`, { status: { phase: 'Stopped' } }).expect(200);
    await api.admin.post(`${path}/stop`).set('User-Agent', 'kubectl-vm/v1 (linux)').expect(200);
    const { body } = await api.admin.get(path).expect(200);
    body.metadata.labels = { put: 'yes' };
    await api.admin.put(path, body).set('User-Agent', 'tool/7').expect(200);
    assert.deepEqual((await managersOf(path)).sort(), [
      'agent/Update/status',
      'kubectl-vm/Update/stop',
      'maker/Update/',
      'tool/Update/',
    ]);
    const owned = Object.fromEntries((await entriesOf(path)).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
    assert.deepEqual(owned.agent, { 'f:status': { 'f:phase': {} } });
    assert.deepEqual(owned.tool, { 'f:metadata': { 'f:labels': { '.': {}, 'f:put': {} } } });
    assert.ok(JSON.stringify(owned['kubectl-vm']).includes('f:runStrategy'));
    assert.ok(!JSON.stringify(owned.maker).includes('f:runStrategy'), 'stop took it');
  });

  test('P25: the oldest of more than ten updaters become ancient-changes', async () => {
    const path = `${CONFIGMAPS}/crowded`;
    await api.admin.post(`${CONFIGMAPS}${by('m0')}`, labelled('crowded')).expect(201);
    for (let index = 1; index < 14; index += 1) {
      await api.admin.patch(`${path}${by(`m${index}`)}`, { data: { [`k${index}`]: '1' } }).expect(200);
    }
    const entries = await entriesOf(path);
    assert.equal(entries.length, 10);
    const ancient = entries.find(({ manager }) => manager === 'ancient-changes');
    assert.equal(ancient?.operation, 'Update');
    const all = Object.keys((await api.admin.get(path)).body.data).map((key) => `f:${key}`);
    const owned = entries.flatMap(({ fieldsV1 }) => Object.keys((fieldsV1?.['f:data'] ?? {}) as object));
    assert.deepEqual(owned.filter((key) => key !== '.').sort(), all.sort(), 'no field has lost its owner');
  });

  test('P25, K53: a newer time alone is not written', async () => {
    const path = `${CONFIGMAPS}/timely`;
    const { body } = await api.admin.post(`${CONFIGMAPS}${by('one')}`, labelled('timely')).expect(201);
    body.metadata.managedFields[0].time = '2031-01-01T00:00:00Z';
    const put = await api.admin.put(`${path}${by('one')}`, body).expect(200);
    assert.equal(put.body.metadata.resourceVersion, body.metadata.resourceVersion);
    assert.notEqual(put.body.metadata.managedFields[0].time, '2031-01-01T00:00:00Z');
    const patched = await api.admin.patch(`${path}${by('two')}`, { data: { x: '1' } }).expect(200);
    assert.equal(patched.body.metadata.resourceVersion, body.metadata.resourceVersion);
    assert.deepEqual(await managersOf(path), ['one/Update/']);
  });

  test('P28: an empty list, or one empty entry, makes all be forgotten', async () => {
    for (const [name, reset] of [
      ['empty', []],
      ['blank', [{}]],
    ] as const) {
      const path = `${CONFIGMAPS}/reset-${name}`;
      await api.admin.post(`${CONFIGMAPS}${by('one')}`, labelled(`reset-${name}`)).expect(201);
      await api.admin.patch(path, { metadata: { managedFields: reset } }).expect(200);
      assert.deepEqual(await entriesOf(path), [], name);
      await api.admin.patch(`${path}${by('two')}`, { data: { x: '2' } }).expect(200);
      assert.deepEqual(await entriesOf(path), [], 'nobody begins again before an apply');
    }
  });

  test('P28: entries that a client sends are the base, in their one form', async () => {
    const path = `${CONFIGMAPS}/based`;
    const { body } = await api.admin.post(`${CONFIGMAPS}${by('one')}`, labelled('based')).expect(201);
    const entry = {
      ...body.metadata.managedFields[0],
      manager: 'other',
      operation: 'Apply',
      fieldsV1: { 'f:data': { 'f:x': {} } },
    };
    const value = [entry];
    await api.admin
      .patch(
        path,
        [
          { op: 'replace', path: '/metadata/managedFields', value },
          { op: 'replace', path: '/metadata/resourceVersion', value: body.metadata.resourceVersion },
        ],
        'application/json-patch+json',
      )
      .expect(200);
    assert.deepEqual(await entriesOf(path), value);
    body.metadata = { name: 'based', labels: { a: '1' }, managedFields: [{ ...entry, manager: 'third' }] };
    await api.admin.put(`${path}${by('putter')}`, { ...body, data: { x: '1', z: '1' } }).expect(200);
    assert.deepEqual(await managersOf(path), ['third/Apply/', 'putter/Update/']);
  });

  test('P28: entries that cannot be read leave those that are stored', async () => {
    const path = `${CONFIGMAPS}/unread`;
    const { body } = await api.admin.post(`${CONFIGMAPS}${by('one')}`, labelled('unread')).expect(201);
    const stored = body.metadata.managedFields;
    for (const wrong of [
      { manager: 'x' },
      { ...stored[0], fieldsV1: { x: {} } },
      { ...stored[0], operation: 'Both' },
    ]) {
      await api.admin.patch(path, { metadata: { managedFields: [wrong] } }).expect(200);
      assert.deepEqual(await entriesOf(path), stored);
    }
    await api.admin.patch(path, { metadata: { managedFields: null } }).expect(200);
    assert.deepEqual(await entriesOf(path), stored);
    await api.admin.patch(path, { metadata: { managedFields: 'x' } }).expect(400);
  });

  test('P28: a subresource does not touch what its body says of owners', async () => {
    const path = `${MACHINES}/through-status`;
    await create('through-status');
    await api.admin
      .patch(`${path}/status${by('s')}`, { metadata: { managedFields: [] }, status: { phase: 'Stopped' } })
      .expect(200);
    assert.deepEqual(await managersOf(path), ['maker/Update/', 's/Update/status']);
  });

  test('P34: an object that fits only without the record is stored without it', async () => {
    const data = Object.fromEntries(Array.from({ length: 19_000 }, (_, index) => [`${'k'.repeat(40)}-${index}`, 'v']));
    const { body } = await api.admin.post(`${CONFIGMAPS}${by('maker')}`, { ...labelled('large'), data }).expect(201);
    assert.equal(body.metadata.managedFields, undefined);
    assert.deepEqual(await entriesOf(`${CONFIGMAPS}/large`), []);
    assert.equal(Object.keys((await api.admin.get(`${CONFIGMAPS}/large`)).body.data).length, 19_000);
  });
});
