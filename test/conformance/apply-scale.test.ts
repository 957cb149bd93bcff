import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ManagedFieldsEntry } from '../../openapi/machinery/object.ts';
import { startApi, type TestApi } from './harness.ts';
import { POOLS, pool } from './pools.ts';

const APPLY = 'application/apply-patch+yaml';
const REPLICAS = { 'f:spec': { 'f:replicas': {} } };

describe('who owns the number of replicas, through the pool and through its scale', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const apply = (path: string, manager: string, body: unknown, more = '') =>
    api.admin.patch(`${path}?fieldManager=${manager}${more}`, body, APPLY);
  const scale = (name: string, replicas?: number) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name },
    ...(replicas === undefined ? {} : { spec: { replicas } }),
  });
  const owners = async (name: string) => {
    const { body } = await api.admin.get(`${POOLS}/${name}`).expect(200);
    const entries: ManagedFieldsEntry[] = body.metadata.managedFields ?? [];
    return entries
      .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('f:replicas'))
      .map(({ manager, operation, subresource = '', apiVersion }) =>
        [manager, operation, subresource, apiVersion].join(' '),
      );
  };

  test('P33, P6: a scale takes spec.replicas of its parent, and the parent’s entry says through what', async () => {
    await api.admin.post(`${POOLS}?fieldManager=maker`, pool('updated')).expect(201);
    assert.deepEqual(await owners('updated'), ['maker Update  torpor.dev/v1alpha1']);
    await api.admin.patch(`${POOLS}/updated/scale?fieldManager=scaler`, { spec: { replicas: 7 } }).expect(200);
    assert.deepEqual(await owners('updated'), ['scaler Update scale torpor.dev/v1alpha1']);
    const refused = await apply(`${POOLS}/updated`, 'm', { ...pool('updated'), spec: { replicas: 3 } }).expect(409);
    assert.match(
      refused.body.details.causes[0].message,
      /^conflict with "scaler" with subresource "scale" using torpor\.dev\/v1alpha1/,
    );
    assert.equal(refused.body.details.causes[0].field, '.spec.replicas');
  });

  test('P33: a Scale is applied, owned, fought over and let go of', async () => {
    const before = 2;
    const wanted = (replicas: number) => ({ ...pool('applied'), spec: { ...pool('applied').spec, replicas } });
    await apply(`${POOLS}/applied`, 'maker', wanted(before)).expect(201);
    const refused = await apply(`${POOLS}/applied/scale`, 'scaler', scale('applied', before + 1)).expect(409);
    assert.match(refused.body.message, /conflict with "maker": \.spec\.replicas/);
    const forced = await apply(`${POOLS}/applied/scale`, 'scaler', scale('applied', before + 1), '&force=true').expect(
      200,
    );
    assert.equal(forced.body.kind, 'Scale');
    assert.equal(forced.body.spec.replicas, before + 1);
    assert.deepEqual(await owners('applied'), ['scaler Apply scale torpor.dev/v1alpha1']);
    const { body } = await api.admin.get(`${POOLS}/applied`);
    const entry = body.metadata.managedFields.find(({ manager }: ManagedFieldsEntry) => manager === 'scaler');
    assert.deepEqual(entry.fieldsV1, REPLICAS);
    assert.equal(body.metadata.generation, 2);
    await apply(`${POOLS}/applied`, 'maker', wanted(before + 1)).expect(200);
    assert.deepEqual(await owners('applied'), [
      'maker Apply  torpor.dev/v1alpha1',
      'scaler Apply scale torpor.dev/v1alpha1',
    ]);
    await apply(`${POOLS}/applied/scale`, 'scaler', scale('applied')).expect(200);
    assert.deepEqual(await owners('applied'), ['maker Apply  torpor.dev/v1alpha1'], 'who says nothing owns nothing');
  });

  test('P33, P20: a Scale is no pool, names its object and is never created', async () => {
    await apply(`${POOLS}/strict`, 'maker', pool('strict')).expect(201);
    await apply(`${POOLS}/strict/scale`, 'm', pool('strict')).expect(400);
    await apply(`${POOLS}/strict/scale`, 'm', scale('other', 1)).expect(400);
    await apply(`${POOLS}/strict/scale`, 'm', scale('strict', -1)).expect(422);
    await apply(`${POOLS}/absent/scale`, 'm', scale('absent', 1)).expect(404);
    const stale = { ...scale('strict', 1), metadata: { name: 'strict', resourceVersion: '1' } };
    await apply(`${POOLS}/strict/scale`, 'm', stale, '&force=true').expect(409);
  });
});
