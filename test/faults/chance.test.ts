import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomOf, shuffled } from './chance.ts';

test('the same seed gives the same numbers, another one others, all in [0, 1)', () => {
  const take = (seed: number) => {
    const random = randomOf(seed);
    return Array.from({ length: 1000 }, random);
  };
  assert.deepEqual(take(7), take(7));
  assert.notDeepEqual(take(7), take(8));
  const numbers = take(7);
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  assert.ok(mean > 0.45 && mean < 0.55, `mean ${mean}`);
});

test('a shuffle keeps every item and leaves the list alone', () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  const mixed = shuffled(items, randomOf(3));
  assert.notDeepEqual(mixed, items);
  assert.deepEqual(
    [...mixed].sort((a, b) => a - b),
    items,
  );
});
