import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleave, summarize } from './samples.ts';

test('the median of an even series lies between its middle samples', () => {
  assert.deepEqual(summarize([4, 1, 3, 2]), {
    count: 4,
    median: 2.5,
    p95: 3.8499999999999996,
    smallest: 1,
    largest: 4,
  });
  assert.throws(() => summarize([]), RangeError);
});

test('turns are taken A-B-B-A', async () => {
  const turns: string[] = [];
  const turn = (name: string) => async () => turns.push(name);
  await interleave(4, turn('A'), turn('B'));
  assert.equal(turns.join(''), 'ABBAABBA');
});
