import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ManagedFieldsEntry } from '../../openapi/machinery/object.ts';
import { HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const APPLY = 'application/apply-patch+yaml';
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const SECRETS = '/api/v1/namespaces/default/secrets';

const configMap = (name: string, data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});
const disks = (...names: string[]) => names.map((name) => ({ name, disk: { bus: 'virtio' } }));
const volumes = (...names: string[]) =>
  names.map((name) => ({ name, registryDisk: { image: `registry.example/${name}:1` } }));

describe('server-side apply', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const apply = (path: string, manager: string, body: unknown, more = '') =>
    api.admin.patch(`${path}?fieldManager=${manager}${more}`, body, APPLY);
  const managers = (body: { metadata: { managedFields?: ManagedFieldsEntry[] } }) =>
    Object.fromEntries(
      (body.metadata.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [
        `${manager}/${operation}`,
        fieldsV1,
      ]),
    );

  test('P20: an apply says who applies, what, and nothing of owners', async () => {
    const path = `${CONFIGMAPS}/asked`;
    const good = configMap('asked', { a: '1' });
    const nobody = await api.admin.patch(path, good, APPLY).expect(422);
    assert.equal(nobody.body.details.kind, 'PatchOptions');
    assert.equal(nobody.body.details.causes[0].reason, 'FieldValueRequired');
    assert.equal(nobody.body.details.causes[0].field, 'fieldManager');
    await api.admin.post(CONFIGMAPS, good).expect(201);
    const forced = await api.admin.patch(`${path}?force=true`, { data: {} }).expect(422);
    assert.deepEqual(
      forced.body.details.causes.map(({ reason, field }: { reason: string; field: string }) => [reason, field]),
      [['FieldValueForbidden', 'force']],
    );
    for (const [why, wrong] of Object.entries({
      'no kind': { ...good, kind: undefined },
      'no version': { ...good, apiVersion: '' },
      'another kind': { ...good, kind: 'Secret' },
      'another version': { ...good, apiVersion: 'torpor.dev/v1alpha1' },
      'another name': configMap('other', {}),
      'another namespace': configMap('asked', {}, { namespace: 'kube-system' }),
      owners: configMap('asked', {}, { managedFields: [{ manager: 'x' }] }),
      'a list': [],
    })) {
      const { body } = await apply(path, 'm', wrong).expect(400);
      assert.equal(body.reason, 'BadRequest', why);
    }
    await apply(path, 'm', 'a: [').expect(400);
    await apply(path, 'm', '').expect(400);
  });

  test('P20: the version in a configuration is the one that is meant', async () => {
    const path = `${CONFIGMAPS}/versioned`;
    const { body } = await apply(path, 'm', configMap('versioned', { a: '1' })).expect(201);
    const { resourceVersion, uid } = body.metadata;
    const second = await apply(path, 'm', configMap('versioned', { a: '2' }, { resourceVersion, uid })).expect(200);
    assert.deepEqual(managers(second.body)['m/Apply'], { 'f:data': { 'f:a': {} } }, 'neither is owned');
    const stale = await apply(path, 'm', configMap('versioned', { a: '3' }, { resourceVersion })).expect(409);
    assert.equal(stale.body.reason, 'Conflict');
    await apply(path, 'm', configMap('versioned', { a: '3' }, { uid: 'another' })).expect(409);
  });

  test('P21: lists merge by their keys and defaults of keys, sets by value, the rest is whole', async () => {
    const path = `${MACHINES}/merged`;
    const base = machine('merged', ({ spec }) => {
      spec.domain.devices.disks = disks('root', 'data');
      spec.volumes = volumes('root', 'data');
      spec.nodeSelector = { zone: 'a', rack: '1' };
      spec.tolerations = [{ key: 'a', operator: 'Exists' }];
      spec.networks = [{ name: 'default', pod: {} }];
      spec.domain.devices.interfaces = [{ name: 'default', ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }] }];
    });
    await apply(path, 'base', base).expect(201);
    const more = {
      apiVersion: base.apiVersion,
      kind: base.kind,
      metadata: { name: 'merged', labels: { a: 'b' } },
      spec: {
        domain: {
          devices: {
            disks: [{ name: 'extra', disk: { bus: 'sata' } }],
            interfaces: [{ name: 'default', ports: [{ port: 80, protocol: 'TCP', name: 'http' }] }],
          },
        },
        volumes: volumes('extra'),
      },
    };
    const { body } = await apply(path, 'more', more).expect(200);
    assert.deepEqual(
      body.spec.domain.devices.disks.map(({ name }: { name: string }) => name),
      ['root', 'data', 'extra'],
    );
    assert.deepEqual(body.spec.domain.devices.interfaces[0].ports, [
      { port: 80, protocol: 'TCP', name: 'http' },
      { port: 80, protocol: 'UDP' },
    ]);
    assert.deepEqual(managers(body)['more/Apply'], {
      'f:metadata': { 'f:labels': { 'f:a': {} } },
      'f:spec': {
        'f:domain': {
          'f:devices': {
            'f:disks': { 'k:{"name":"extra"}': { '.': {}, 'f:disk': { 'f:bus': {} }, 'f:name': {} } },
            'f:interfaces': {
              'k:{"name":"default"}': {
                '.': {},
                'f:name': {},
                'f:ports': {
                  'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} },
                },
              },
            },
          },
        },
        'f:volumes': { 'k:{"name":"extra"}': { '.': {}, 'f:name': {}, 'f:registryDisk': { 'f:image': {} } } },
      },
    });
    for (const [field, value] of Object.entries({ nodeSelector: { zone: 'b' }, tolerations: [] })) {
      const other = { ...more, spec: { ...more.spec, [field]: value } };
      const refused = await apply(path, 'more', other).expect(409);
      assert.deepEqual(
        refused.body.details.causes.map((cause: { field: string }) => cause.field),
        [`.spec.${field}`],
        'what is atomic is owned whole',
      );
    }
  });

  test('P21: fields that nobody knows and items without their key are refused, whatever the validation', async () => {
    const path = `${MACHINES}/unknown`;
    for (const validation of ['Ignore', 'Warn', 'Strict']) {
      const odd = machine('unknown', ({ spec }) => {
        spec.domian = {};
      });
      const { body } = await apply(path, 'm', odd, `&fieldValidation=${validation}`).expect(400);
      assert.match(body.message, /spec\.domian/);
    }
    const keyless = machine('unknown', ({ spec }) => {
      spec.volumes.push({ registryDisk: { image: 'x' } });
    });
    assert.match((await apply(path, 'm', keyless).expect(400)).body.message, /\.spec\.volumes: item 1: .*"name"/);
    const doubled = machine('unknown', ({ spec }) => {
      spec.volumes.push(spec.volumes[0]);
    });
    assert.match(
      (await apply(path, 'm', doubled).expect(400)).body.message,
      /\.spec\.volumes: item 1: a second \[name="root"\]/,
    );
    await api.admin.get(path).expect(404);
    const twice = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\ndata: {a: "1", a: "2"}\n';
    await apply(`${CONFIGMAPS}/twice`, 'm', twice, '&fieldValidation=Strict').expect(400);
    const warned = await apply(`${CONFIGMAPS}/twice`, 'm', twice, '&fieldValidation=Warn').expect(201);
    assert.match(warned.headers.warning ?? '', /duplicate field .*data\.a/);
  });

  test('P22, P26: what was applied and is not any more goes, unless others own it; they share what is equal', async () => {
    const path = `${CONFIGMAPS}/three-way`;
    await apply(path, 'one', configMap('three-way', { a: '1', b: '1', c: '1' }, { labels: { x: 'y' } })).expect(201);
    const shared = await apply(path, 'two', configMap('three-way', { b: '1', d: '1' })).expect(200);
    assert.deepEqual(managers(shared.body), {
      'one/Apply': { 'f:data': { 'f:a': {}, 'f:b': {}, 'f:c': {} }, 'f:metadata': { 'f:labels': { 'f:x': {} } } },
      'two/Apply': { 'f:data': { 'f:b': {}, 'f:d': {} } },
    });
    const less = await apply(path, 'one', configMap('three-way', { a: '2' })).expect(200);
    assert.deepEqual(less.body.data, { a: '2', b: '1', d: '1' }, 'b is two’s, c was nobody else’s');
    assert.equal(less.body.metadata.labels, undefined);
    const gone = await apply(path, 'one', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'three-way' },
    }).expect(200);
    assert.deepEqual(gone.body.data, { b: '1', d: '1' });
    assert.deepEqual(Object.keys(managers(gone.body)), ['two/Apply']);
  });

  test('P26, P27: another value is a conflict, named with its owner; force takes it', async () => {
    const path = `${CONFIGMAPS}/contested`;
    await api.admin.post(`${CONFIGMAPS}?fieldManager=maker`, configMap('contested', { a: '1', b: '1' })).expect(201);
    const { body } = await apply(path, 'm', configMap('contested', { a: '2', b: '2', c: '1' })).expect(409);
    assert.equal(body.reason, 'Conflict');
    assert.match(
      body.message,
      /^Apply failed with 2 conflicts: conflicts with "maker" using v1 at \S+Z:\n- \.data\.a\n- \.data\.b$/,
    );
    assert.deepEqual(
      body.details.causes.map(({ reason, field }: { reason: string; field: string }) => [reason, field]),
      [
        ['FieldManagerConflict', '.data.a'],
        ['FieldManagerConflict', '.data.b'],
      ],
    );
    assert.match(body.details.causes[0].message, /^conflict with "maker" using v1 at \S+Z$/);
    assert.deepEqual((await api.admin.get(path)).body.data, { a: '1', b: '1' }, 'nothing of it was applied');
    const one = await apply(path, 'm', configMap('contested', { b: '2' })).expect(409);
    assert.match(one.body.message, /^Apply failed with 1 conflict: conflict with "maker" using v1 at \S+Z: \.data\.b$/);
    const forced = await apply(path, 'm', configMap('contested', { a: '2', b: '1' }), '&force=true').expect(200);
    assert.deepEqual(managers(forced.body), {
      'm/Apply': { 'f:data': { 'f:a': {}, 'f:b': {} } },
      'maker/Update': { 'f:data': { '.': {}, 'f:b': {} } },
    });
    await api.admin.patch(`${path}?fieldManager=editor`, { data: { a: '3' } }).expect(200);
    const stolen = (await api.admin.get(path)).body;
    assert.deepEqual(managers(stolen)['m/Apply'], { 'f:data': { 'f:b': {} } }, 'an update takes without asking');
    await apply(path, 'm', configMap('contested', { a: '2', b: '1' })).expect(409);
  });

  test('P24: status on its own, the rest on its own; what is reset is not owned', async () => {
    const path = `${HOSTS}/parted`;
    const host = (more: object) => ({
      apiVersion: 'torpor.dev/v1alpha1',
      kind: 'Host',
      metadata: { name: 'parted' },
      ...more,
    });
    const status = { qemuVersion: '7.2', conditions: [condition('Ready', 'True')] };
    const made = await apply(path, 'm', host({ spec: { unschedulable: true }, status })).expect(201);
    assert.equal(made.body.status, undefined);
    assert.deepEqual(managers(made.body)['m/Apply'], { 'f:spec': { 'f:unschedulable': {} } });
    const reported = await apply(`${path}/status`, 'm', host({ spec: { unschedulable: false }, status })).expect(200);
    assert.equal(reported.body.spec.unschedulable, true);
    assert.equal(reported.body.status.qemuVersion, '7.2');
    assert.equal(reported.body.metadata.generation, 1);
    const entries: ManagedFieldsEntry[] = reported.body.metadata.managedFields;
    assert.deepEqual(
      entries.map(({ manager, subresource, fieldsV1 }) => [manager, subresource, fieldsV1]),
      [
        ['m', undefined, { 'f:spec': { 'f:unschedulable': {} } }],
        [
          'm',
          'status',
          {
            'f:status': {
              'f:conditions': {
                'k:{"type":"Ready"}': {
                  '.': {},
                  'f:lastTransitionTime': {},
                  'f:message': {},
                  'f:reason': {},
                  'f:status': {},
                  'f:type': {},
                },
              },
              'f:qemuVersion': {},
            },
          },
        ],
      ],
    );
    const second = { conditions: [condition('Other', 'False')] };
    const both = await apply(`${path}/status`, 'other', host({ status: second })).expect(200);
    assert.deepEqual(
      both.body.status.conditions.map(({ type }: { type: string }) => type),
      ['Ready', 'Other'],
    );
    const contested = { conditions: [condition('Ready', 'False')] };
    const refused = await apply(`${path}/status`, 'other', host({ status: contested })).expect(409);
    assert.match(refused.body.details.causes[0].message, /^conflict with "m" with subresource "status"$/);
    assert.equal(refused.body.details.causes[0].field, '.status.conditions[type="Ready"].status');
    await apply(`${HOSTS}/absent/status`, 'm', { ...host({ status }), metadata: { name: 'absent' } }).expect(404);
  });

  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: 'Tested',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });

  test('P25: the fields of an object of unknown making belong to before-first-apply', async () => {
    const path = `${CONFIGMAPS}/foundling`;
    await api.admin.post(CONFIGMAPS, configMap('foundling', { a: '1' })).expect(201);
    await api.admin.patch(path, { metadata: { managedFields: [] } }).expect(200);
    const { body } = await apply(path, 'm', configMap('foundling', { b: '1' })).expect(200);
    assert.deepEqual(managers(body), {
      'm/Apply': { 'f:data': { 'f:b': {} } },
      'before-first-apply/Update': { 'f:data': { '.': {}, 'f:a': {} } },
    });
    await apply(path, 'm', configMap('foundling', { a: '2' })).expect(409);
  });

  test('P29: an apply of what is not there creates it, the same again changes nothing', async () => {
    const path = `${MACHINES}/fresh`;
    const watch = await api.admin.watch(`${MACHINES}?watch=true&fieldSelector=metadata.name=fresh`);
    const made = await apply(path, 'm', machine('fresh')).expect(201);
    assert.equal(made.body.metadata.generation, 1);
    assert.equal(made.body.spec.runStrategy, 'Always', 'defaults are there');
    assert.deepEqual(Object.keys(managers(made.body)), ['m/Apply']);
    assert.ok(!JSON.stringify(managers(made.body)).includes('runStrategy'), 'and nobody’s');
    const again = await apply(path, 'm', machine('fresh')).expect(200);
    assert.equal(again.body.metadata.resourceVersion, made.body.metadata.resourceVersion);
    assert.deepEqual(again.body.metadata.managedFields, made.body.metadata.managedFields);
    const shared = await apply(path, 'n', machine('fresh')).expect(200);
    assert.notEqual(shared.body.metadata.resourceVersion, made.body.metadata.resourceVersion, 'a second owner is news');
    const types = [(await watch.next())?.type, (await watch.next())?.type];
    assert.deepEqual(types, ['ADDED', 'MODIFIED']);
    watch.close();
    const named = { ...machine('ghost'), metadata: { name: 'ghost', uid: 'e0a1' } };
    const refused = await apply(`${MACHINES}/ghost`, 'm', named).expect(409);
    assert.equal(refused.body.reason, 'Conflict');
    await api.admin.get(`${MACHINES}/ghost`).expect(404);
  });

  test('P29: nothing but an identity may be applied; a dry run stores nothing', async () => {
    const path = `${CONFIGMAPS}/dry`;
    const dry = await apply(path, 'm', configMap('dry', { a: '1' }), '&dryRun=All').expect(201);
    assert.deepEqual(managers(dry.body)['m/Apply'], { 'f:data': { 'f:a': {} } });
    await api.admin.get(path).expect(404);
    const bare = await apply(path, 'm', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: dry\n').expect(201);
    assert.equal(bare.body.metadata.managedFields, undefined);
    const changed = await apply(path, 'm', configMap('dry', { a: '1' }), '&dryRun=All').expect(200);
    assert.deepEqual(changed.body.data, { a: '1' });
    assert.equal((await api.admin.get(path)).body.data, undefined);
  });

  test('P26: applied at once by many, every key arrives and the object stays one', async () => {
    const path = `${CONFIGMAPS}/crowd`;
    const names = Array.from({ length: 12 }, (_, index) => `k${index}`);
    const answers = await Promise.all(names.map((name) => apply(path, name, configMap('crowd', { [name]: '1' }))));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(11).fill(200), 201]);
    const { body } = await api.admin.get(path).expect(200);
    assert.deepEqual(Object.keys(body.data).sort(), [...names].sort());
    assert.equal(body.metadata.managedFields.length, 12, 'appliers are not thrown together');
  });

  test('P32: entries of a version that is not served stand in nobody’s way and go with the next write', async () => {
    const path = `${CONFIGMAPS}/aged`;
    const { body } = await apply(path, 'm', configMap('aged', { a: '1' })).expect(201);
    const old = { ...body.metadata.managedFields[0], manager: 'old', operation: 'Update', apiVersion: 'v0' };
    await api.admin.patch(path, { metadata: { managedFields: [...body.metadata.managedFields, old] } }).expect(200);
    const applied = await apply(path, 'm', configMap('aged', { a: '2' })).expect(200);
    assert.deepEqual(applied.body.data, { a: '2' });
    assert.deepEqual(Object.keys(managers(applied.body)), ['m/Apply']);
  });

  test('P34: what is too large with its record is stored without it, and can be applied again', async () => {
    const data = Object.fromEntries(Array.from({ length: 19_000 }, (_, index) => [`${'k'.repeat(40)}-${index}`, 'v']));
    const made = await apply(`${CONFIGMAPS}/large`, 'm', configMap('large', data)).expect(201);
    assert.equal(made.body.metadata.managedFields, undefined);
    const again = await apply(`${CONFIGMAPS}/large`, 'm', configMap('large', data)).expect(200);
    assert.equal(again.body.metadata.resourceVersion, made.body.metadata.resourceVersion);
  });

  test('P26: a Secret is applied by stringData as if it were data', async () => {
    const secret = (text: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'plain' },
      stringData: { a: text },
    });
    await apply(`${SECRETS}/plain`, 'm', secret('one')).expect(201);
    const { body } = await apply(`${SECRETS}/plain`, 'm', secret('two')).expect(200);
    assert.equal(Buffer.from(body.data.a, 'base64').toString(), 'two');
    const again = await apply(`${SECRETS}/plain`, 'm', secret('two')).expect(200);
    assert.equal(again.body.metadata.resourceVersion, body.metadata.resourceVersion);
  });

  test('P2, P20: an apply patch is JSON too, and every kind says that it takes one', async () => {
    const { body } = await api.admin.patch(`${MACHINES}/x`, {}, 'application/strategic-merge-patch+json').expect(415);
    assert.match(body.message, /application\/apply-patch\+yaml/);
    await apply(`${CONFIGMAPS}/json`, 'm', JSON.stringify(configMap('json', { a: '1' }))).expect(201);
  });
});
