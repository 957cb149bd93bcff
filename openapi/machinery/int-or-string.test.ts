import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIntOrString, scaledValue } from './int-or-string.ts';

test('32-bit integers and texts, nothing else', () => {
  for (const value of [0, -1, 2 ** 31 - 1, '', '25%']) assert.ok(isIntOrString(value));
  for (const value of [0.5, 2 ** 31, Number.NaN, null, undefined, true, {}]) assert.ok(!isIntOrString(value));
});

test('percentages', () => {
  assert.equal(scaledValue('25%', 10, false), 2);
  assert.equal(scaledValue('25%', 10, true), 3);
  assert.equal(scaledValue(7, 10, true), 7);
  assert.equal(scaledValue('7', 10, true), undefined);
  assert.equal(scaledValue('-7%', 10, true), undefined);
});
