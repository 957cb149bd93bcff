import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goDuration } from './duration.ts';

test('Go durations in milliseconds; anything else is undefined', () => {
  for (const [text, expected] of [
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['1us', 0.001],
    ['0', 0],
    ['-1s', -1_000],
    ['', undefined],
    ['30', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['1s ', undefined],
    ['9'.repeat(100), undefined],
  ] as const) {
    assert.equal(goDuration(text), expected, text);
  }
});
