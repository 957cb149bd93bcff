/** Tables: what `kubectl get` prints. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { host, machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
/** To the letter what kubectl sends. */
const KUBECTL =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

describe('tables', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    await t.admin.post(HOSTS, host('n1')).expect(201);
    const labelled = machine('m0', (m) => {
      m.metadata.labels = { app: 'web' };
    });
    await t.admin.post(MACHINES, labelled).expect(201);
    for (const name of ['c1', 'c2', 'c3']) await t.admin.post(CONFIGMAPS, { metadata: { name } }).expect(201);
  });
  after(() => t?.stop());

  const table = async (path: string) => (await t.admin.get(path).set('Accept', KUBECTL).expect(200)).body;

  test('C10: a table has versions, columns and rows, and every cell the type of its column', async () => {
    const typeOf: Readonly<Record<string, (cell: unknown) => boolean>> = {
      string: (cell) => typeof cell === 'string',
      date: (cell) => typeof cell === 'string',
      integer: Number.isInteger,
      number: Number.isFinite,
      boolean: (cell) => typeof cell === 'boolean',
    };
    let rows = 0;
    for (const { group, version, plural, verbs } of t.api.definitions) {
      if (!verbs.includes('list')) continue;
      const body = await table(`${group === '' ? '/api' : `/apis/${group}`}/${version}/${plural}`);
      assert.equal(body.kind, 'Table', plural);
      assert.equal(body.apiVersion, 'meta.k8s.io/v1');
      assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/);
      const columns = body.columnDefinitions as Column[];
      for (const column of columns) {
        assert.deepEqual(Object.keys(column), ['name', 'type', 'format', 'description', 'priority'], plural);
        assert.ok(column.description !== '' && Number.isInteger(column.priority), `${plural} ${column.name}`);
      }
      for (const row of body.rows) {
        rows += 1;
        assert.equal(row.cells.length, columns.length, plural);
        for (const [index, cell] of row.cells.entries()) {
          const { name, type } = columns[index] as Column;
          assert.ok(
            cell === null || typeOf[type]?.(cell),
            `${plural} ${name} is ${type} and not ${JSON.stringify(cell)}`,
          );
        }
      }
    }
    assert.ok(rows > 10, `only ${rows} rows were looked at`);
  });

  test('C11: a row brings metadata, the whole object or nothing, and nothing else can be asked for', async () => {
    const [plain] = (await table(MACHINES)).rows;
    assert.equal(plain.object.kind, 'PartialObjectMetadata');
    assert.equal(plain.object.apiVersion, 'meta.k8s.io/v1');
    assert.deepEqual(plain.object.metadata.labels, { app: 'web' });
    assert.equal(plain.object.spec, undefined);
    const [same] = (await table(`${MACHINES}?includeObject=Metadata`)).rows;
    assert.deepEqual(same.object, plain.object);
    for (const path of [MACHINES, `${MACHINES}/m0`]) {
      const [full] = (await table(`${path}?includeObject=Object`)).rows;
      assert.equal(full.object.kind, 'VirtualMachine');
      assert.equal(full.object.spec.domain.memory.guest, '128Mi');
      assert.equal('object' in (await table(`${path}?includeObject=None`)).rows[0], false);
    }
    const { body } = await t.admin.get(`${MACHINES}?includeObject=Some`).set('Accept', KUBECTL).expect(400);
    assert.equal(body.reason, 'BadRequest');
    // Without a table the parameter means nothing.
    await t.admin.get(`${MACHINES}?includeObject=Some`).expect(200);
  });

  test('C12: the name comes first, the age is a span that people read', async () => {
    for (const path of [MACHINES, CONFIGMAPS, HOSTS, '/api/v1/namespaces']) {
      const { columnDefinitions, rows } = await table(path);
      assert.deepEqual([columnDefinitions[0].name, columnDefinitions[0].format], ['Name', 'name']);
      const index = columnDefinitions.findIndex((column: Column) => column.name === 'Age');
      assert.ok(index > 0, path);
      for (const { cells } of rows) assert.match(cells[index], /^\d+[smhd]/);
    }
  });

  test('C13: pages of a table, as kubectl asks for them', async () => {
    const first = await table(`${CONFIGMAPS}?limit=2`);
    assert.deepEqual(
      first.rows.map(({ cells }: { cells: unknown[] }) => cells[0]),
      ['c1', 'c2'],
    );
    assert.equal(first.metadata.remainingItemCount, 1);
    const next = encodeURIComponent(first.metadata.continue);
    const second = await table(`${CONFIGMAPS}?limit=2&continue=${next}`);
    assert.deepEqual(
      second.rows.map(({ cells }: { cells: unknown[] }) => cells[0]),
      ['c3'],
    );
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(second.metadata.continue, undefined);
    const beta = await t.admin
      .get(MACHINES)
      .set('Accept', 'application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json')
      .expect(200);
    assert.equal(beta.body.apiVersion, 'meta.k8s.io/v1beta1');
  });
});
