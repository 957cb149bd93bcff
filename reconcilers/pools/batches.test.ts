import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inBatches } from './batches.ts';

test('batches double up to 16 at once, in order', async () => {
  const started: number[] = [];
  const sizes: number[] = [];
  let waiting = 0;
  const { results, error } = await inBatches(
    Array.from({ length: 50 }, (_, index) => index),
    async (item) => {
      waiting += 1;
      started.push(item);
      await turn();
      if (waiting > 0) sizes.push(waiting);
      waiting = 0;
      return item * 2;
    },
  );
  assert.equal(error, undefined);
  assert.deepEqual(sizes, [1, 2, 4, 8, 16, 16, 3]);
  assert.deepEqual(
    started,
    Array.from({ length: 50 }, (_, index) => index),
  );
  assert.deepEqual(
    results,
    started.map((item) => item * 2),
  );
});

test('the batch of the first failure is the last one, and what succeeded in it counts', async () => {
  const tried: number[] = [];
  const { results, error } = await inBatches([0, 1, 2, 3, 4, 5, 6, 7, 8], async (item) => {
    tried.push(item);
    if (item === 4) throw new Error('four');
    return item;
  });
  assert.deepEqual(tried, [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(results, [0, 1, 2, 3, 5, 6]);
  assert.match(String(error), /four/);
});

test('nothing to do is no work', async () => {
  assert.deepEqual(await inBatches([], () => Promise.reject(new Error('never'))), { results: [], error: undefined });
});
