import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const ALL = '/apis/torpor.dev/v1alpha1/virtualmachines';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const PARTIAL_LIST =
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const PARTIAL = PARTIAL_LIST.replaceAll('MetadataList', 'Metadata');

const names = (body: { items: { metadata: { name: string } }[] }) => body.items.map((item) => item.metadata.name);

describe('lists, selectors, tables, metadata', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    for (const [index, app] of ['web', 'web', 'db', 'db', 'web'].entries()) {
      const labels = { app, index: String(index) };
      const made = machine(`m${index}`, (m) => {
        m.metadata.labels = labels;
        m.spec.domain.cpu = { cores: 2, sockets: 2 };
      });
      await t.admin.post(MACHINES, made).expect(201);
    }
  });
  after(() => t?.stop());

  test('K30, K31, C20: a list has kind, version, items in the order of their keys, and [] when empty', async () => {
    const { body } = await t.admin.get(MACHINES).expect(200);
    assert.equal(body.kind, 'VirtualMachineList');
    assert.equal(body.apiVersion, 'torpor.dev/v1alpha1');
    assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/);
    assert.deepEqual(names(body), ['m0', 'm1', 'm2', 'm3', 'm4']);
    assert.equal(body.items[0].kind, 'VirtualMachine');
    const newest = Math.max(
      ...body.items.map((item: { metadata: { resourceVersion: string } }) => Number(item.metadata.resourceVersion)),
    );
    assert.ok(Number(body.metadata.resourceVersion) >= newest);
    const empty = await t.admin.get(MACHINES.replace('/default/', '/nowhere/')).expect(200);
    assert.deepEqual(empty.body.items, []);
    assert.deepEqual(names((await t.admin.get(ALL).expect(200)).body), names(body));
  });

  test('K38: label selectors', async () => {
    for (const [selector, expected] of [
      ['app=web', ['m0', 'm1', 'm4']],
      ['app!=web', ['m2', 'm3']],
      ['app in (web,db),index notin (0,3)', ['m1', 'm2', 'm4']],
      ['!app', []],
      ['app,index>2', ['m3', 'm4']],
    ] as const) {
      const { body } = await t.admin.get(`${MACHINES}?labelSelector=${encodeURIComponent(selector)}`).expect(200);
      assert.deepEqual(names(body), expected, selector);
    }
    const { body } = await t.admin.get(`${MACHINES}?labelSelector=${encodeURIComponent('a=b=c')}`).expect(400);
    assert.equal(body.reason, 'BadRequest');
  });

  test('K37: field selectors, and the names of those that exist when one does not', async () => {
    assert.deepEqual(names((await t.admin.get(`${MACHINES}?fieldSelector=metadata.name%3Dm2`)).body), ['m2']);
    assert.equal((await t.admin.get(`${ALL}?fieldSelector=status.phase%3DPending`)).body.items.length, 5);
    assert.deepEqual(names((await t.admin.get(`${ALL}?fieldSelector=status.nodeName%3Dn1`)).body), []);
    assert.equal((await t.admin.get(`${ALL}?fieldSelector=metadata.namespace!%3Ddefault`)).body.items.length, 0);
    const { body } = await t.admin.get(`${MACHINES}?fieldSelector=spec.x%3Dy`).expect(400);
    assert.match(body.message, /"spec\.x" is not a known field selector: only "metadata\.name", "metadata\.namespace"/);
  });

  test('K34, K36: pages show one version, everything once, and how much is left', async () => {
    const first = await t.admin.get(`${MACHINES}?limit=2`).expect(200);
    assert.deepEqual(names(first.body), ['m0', 'm1']);
    assert.equal(first.body.metadata.remainingItemCount, 3);
    // What comes between two pages is not in the list that was begun.
    await t.admin.post(MACHINES, machine('m2b')).expect(201);
    await t.admin.patch(`${MACHINES}/m4`, { metadata: { annotations: { later: 'yes' } } }).expect(200);
    const next = encodeURIComponent(first.body.metadata.continue);
    const second = await t.admin.get(`${MACHINES}?limit=2&continue=${next}`).expect(200);
    assert.deepEqual(names(second.body), ['m2', 'm3']);
    const last = await t.admin
      .get(`${MACHINES}?limit=2&continue=${encodeURIComponent(second.body.metadata.continue)}`)
      .expect(200);
    assert.deepEqual(names(last.body), ['m4']);
    assert.equal(last.body.items[0].metadata.annotations, undefined);
    assert.equal(last.body.metadata.continue, undefined);
    assert.equal(last.body.metadata.remainingItemCount, undefined);
    assert.equal(last.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    await t.admin.delete(`${MACHINES}/m2b`).expect(200);
    await t.admin.patch(`${MACHINES}/m2b`, { metadata: { finalizers: null } }).expect(200);
  });

  test('K36: the limit counts what the selector lets through', async () => {
    const { body } = await t.admin.get(`${MACHINES}?limit=2&labelSelector=app%3Dweb`).expect(200);
    assert.deepEqual(names(body), ['m0', 'm1']);
    assert.equal(body.metadata.remainingItemCount, undefined);
    const next = encodeURIComponent(body.metadata.continue);
    const second = await t.admin.get(`${MACHINES}?limit=2&labelSelector=app%3Dweb&continue=${next}`).expect(200);
    assert.deepEqual(names(second.body), ['m4']);
  });

  test('K35: an expired token is 410 with a token that goes on at the newest version', async () => {
    const { body } = await t.admin.get(`${MACHINES}?limit=2`).expect(200);
    await t.admin.patch(`${MACHINES}/m4`, { metadata: { annotations: { later: null } } }).expect(200);
    const { resourceVersion } = (await t.admin.patch(`${MACHINES}/m0`, { metadata: { annotations: { a: 'b' } } })).body
      .metadata;
    await t.store.compact(BigInt(resourceVersion));
    const gone = await t.admin
      .get(`${MACHINES}?limit=2&continue=${encodeURIComponent(body.metadata.continue)}`)
      .expect(410);
    assert.equal(gone.body.reason, 'Expired');
    const token = encodeURIComponent(gone.body.metadata.continue);
    const rest = await t.admin.get(`${MACHINES}?continue=${token}`).expect(200);
    assert.deepEqual(names(rest.body), ['m2', 'm3', 'm4']);
  });

  test('K32: combinations that Kubernetes refuses', async () => {
    for (const [query, code] of [
      ['resourceVersion=x', 400],
      ['limit=x', 400],
      ['limit=-1', 422],
      ['continue=x', 400],
      ['continue=Li4vLi4', 400],
      ['resourceVersionMatch=Exact', 422],
      ['resourceVersion=0&resourceVersionMatch=Exact', 422],
      ['resourceVersion=5&resourceVersionMatch=Newest', 422],
      ['sendInitialEvents=true', 422],
    ] as const) {
      await t.admin.get(`${MACHINES}?${query}`).expect(code);
    }
  });

  test('K20, K33: versions that are exact, at least, any, and of the future', async () => {
    const { body } = await t.admin.get(MACHINES).expect(200);
    const version = Number(body.metadata.resourceVersion);
    await t.admin.patch(`${MACHINES}/m0`, { metadata: { annotations: { a: 'c' } } }).expect(200);
    const exact = await t.admin.get(`${MACHINES}?resourceVersion=${version}&resourceVersionMatch=Exact`).expect(200);
    assert.equal(exact.body.metadata.resourceVersion, String(version));
    assert.deepEqual(exact.body.items[0].metadata.annotations, { a: 'b' });
    const atLeast = await t.admin.get(`${MACHINES}?resourceVersion=${version}`).expect(200);
    assert.ok(Number(atLeast.body.metadata.resourceVersion) >= version);
    await t.admin.get(`${MACHINES}?resourceVersion=0`).expect(200);
    const future = await t.admin.get(`${MACHINES}/m0?resourceVersion=${version + 100_000}`).expect(504);
    assert.equal(future.body.reason, 'Timeout');
    assert.equal(future.body.details.causes[0].reason, 'ResourceVersionTooLarge');
    assert.equal(future.headers['retry-after'], '1');
  });

  test('C10, C11: a table has the columns of a machine, and metadata or the whole object on request', async () => {
    const { body } = await t.admin.get(MACHINES).set('Accept', TABLE).expect(200);
    assert.equal(body.kind, 'Table');
    assert.equal(body.apiVersion, 'meta.k8s.io/v1');
    const columns = body.columnDefinitions.map(
      (column: { name: string; priority: number }) => `${column.name}${column.priority || ''}`,
    );
    assert.deepEqual(columns, [
      'Name',
      'Status',
      'Ready',
      'Node',
      'IP',
      'Age',
      'CPU1',
      'Memory1',
      'RunStrategy1',
      'Image1',
      'Reason1',
    ]);
    const [row] = body.rows;
    assert.deepEqual(row.cells.slice(0, 5), ['m0', 'Pending', 'False', '', '']);
    assert.match(row.cells[5], /^\d+s$/);
    assert.deepEqual(row.cells.slice(6, 10), [4, '128Mi', 'Always', 'registry.example/tiny:1']);
    assert.equal(row.object.kind, 'PartialObjectMetadata');
    assert.equal(row.object.metadata.name, 'm0');
    const full = await t.admin.get(`${MACHINES}/m0?includeObject=Object`).set('Accept', TABLE).expect(200);
    assert.equal(full.body.rows[0].object.kind, 'VirtualMachine');
    const none = await t.admin.get(`${MACHINES}?includeObject=None`).set('Accept', TABLE).expect(200);
    assert.equal(none.body.rows[0].object, undefined);
    await t.admin.get(`${MACHINES}?includeObject=Some`).set('Accept', TABLE).expect(400);
  });

  test('C5, C7: metadata alone, of one object and of lists; the wrong one of both is skipped', async () => {
    const list = await t.admin.get(MACHINES).set('Accept', PARTIAL_LIST).expect(200);
    assert.equal(list.body.kind, 'PartialObjectMetadataList');
    assert.equal(list.body.items[0].kind, 'PartialObjectMetadata');
    assert.equal(list.body.items[0].spec, undefined);
    const one = await t.admin.get(`${MACHINES}/m0`).set('Accept', PARTIAL).expect(200);
    assert.equal(one.body.kind, 'PartialObjectMetadata');
    assert.equal(
      (await t.admin.get(`${MACHINES}/m0`).set('Accept', PARTIAL_LIST).expect(200)).body.kind,
      'VirtualMachine',
    );
    await t.admin
      .get(MACHINES)
      .set('Accept', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
      .expect(406);
  });

  test('C3: YAML for objects and lists', async () => {
    const one = await t.admin.get(`${MACHINES}/m0`).set('Accept', 'application/yaml').buffer(true).expect(200);
    assert.equal(one.headers['content-type'], 'application/yaml');
    assert.equal(parse(one.text).metadata.name, 'm0');
    const list = await t.admin.get(MACHINES).set('Accept', 'application/yaml').buffer(true).expect(200);
    assert.deepEqual(names(parse(list.text)), ['m0', 'm1', 'm2', 'm3', 'm4']);
    const empty = await t.admin.get(`${MACHINES}?labelSelector=none`).set('Accept', 'application/yaml').buffer(true);
    assert.deepEqual(parse(empty.text).items, []);
  });

  test('live values are merged into get and tables, into lists on request, and never stored', async () => {
    const plain = await t.admin.get(`${MACHINES}/m0`).expect(200);
    assert.equal(plain.body.status.live, undefined);
    const listed = await t.admin.get(MACHINES).expect(200);
    assert.equal('live' in listed.body.items[0].status, false);
    const written = await t.admin.patch(`${MACHINES}/m0/status`, { status: { live: { stage: 'Mine' } } }).expect(200);
    assert.equal(written.body.status.live, undefined);
    assert.equal(written.body.metadata.resourceVersion, plain.body.metadata.resourceVersion);
  });

  test('a list of many megabytes comes in slices and whole', async () => {
    const base = '/api/v1/namespaces/default/configmaps';
    const text = 'x'.repeat(100_000);
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        t.admin.post(base, { metadata: { name: `big-${String(index).padStart(2, '0')}` }, data: { text } }).expect(201),
      ),
    );
    const { body, headers } = await t.admin.get(base).expect(200);
    assert.equal(body.items.length, 40);
    assert.equal(headers['content-length'], undefined);
    assert.ok(body.items.every((item: { data: { text: string } }) => item.data.text === text));
  });
});
