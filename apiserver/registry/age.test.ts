import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age } from './age.ts';

const now = new Date('2026-01-01T00:00:00Z');
const ago = (seconds: number) => age(new Date(now.getTime() - seconds * 1000).toISOString(), now);

test('two units while they say something, one when not', () => {
  const [minute, hour, day] = [60, 3600, 86_400];
  assert.deepEqual(
    [0, 119, 2 * minute, 9 * minute + 5, 10 * minute + 5, 179 * minute, 3 * hour, 7 * hour + 30 * minute].map(ago),
    ['0s', '119s', '2m', '9m5s', '10m', '179m', '3h', '7h30m'],
  );
  assert.deepEqual(
    [8 * hour + minute, 47 * hour, 2 * day, 5 * day + 3 * hour, 8 * day, 729 * day, 730 * day, 9 * 365 * day].map(ago),
    ['8h', '47h', '2d', '5d3h', '8d', '729d', '2y', '9y'],
  );
});

test('no time is unknown, the future is invalid, a second of it is a clock that differs', () => {
  assert.equal(age(undefined, now), '<unknown>');
  assert.equal(age('soon', now), '<unknown>');
  assert.equal(ago(-10), '<invalid>');
  assert.equal(ago(-1), '0s');
});
