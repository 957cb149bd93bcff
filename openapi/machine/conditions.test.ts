import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getCondition, isConditionTrue, removeCondition, setCondition } from './conditions.ts';

const noon = new Date('2026-03-01T12:00:00.500Z');
const later = new Date('2026-03-01T13:00:00Z');
const ready = { type: 'VolumesReady', status: 'True', reason: 'Prepared', message: '' } as const;

test('a condition is added, kept while it holds, and moves its time only with its status', () => {
  const first = setCondition(undefined, ready, noon);
  assert.deepEqual(first, [{ ...ready, lastTransitionTime: '2026-03-01T12:00:00Z' }]);
  assert.equal(setCondition(first, ready, later), first);
  const reworded = setCondition(first, { ...ready, message: 'all 2' }, later);
  assert.equal(getCondition(reworded, 'VolumesReady')?.lastTransitionTime, '2026-03-01T12:00:00Z');
  const failed = setCondition(reworded, { ...ready, status: 'False', reason: 'ImageNotFound' }, later);
  assert.equal(getCondition(failed, 'VolumesReady')?.lastTransitionTime, '2026-03-01T13:00:00Z');
  assert.equal(isConditionTrue(failed, 'VolumesReady'), false);
  assert.equal(isConditionTrue(first, 'VolumesReady'), true);
  assert.equal(isConditionTrue(undefined, 'VolumesReady'), false);
});

test('others keep their place, and nothing is changed in place', () => {
  const other = { ...ready, type: 'Scheduled' };
  const list = setCondition(setCondition([], other, noon), ready, noon);
  const copy = structuredClone(list);
  const changed = setCondition(list, { ...other, status: 'False' }, later);
  assert.deepEqual(
    changed.map(({ type }) => type),
    ['Scheduled', 'VolumesReady'],
  );
  assert.deepEqual(list, copy);
  assert.equal(setCondition(list, { ...ready, observedGeneration: 2 }, later)[1]?.observedGeneration, 2);
});

test('removing what is not there changes nothing', () => {
  const list = setCondition([], ready, noon);
  assert.equal(removeCondition(list, 'Running'), list);
  assert.deepEqual(removeCondition(list, 'VolumesReady'), []);
  assert.deepEqual(removeCondition(undefined, 'Running'), []);
});
