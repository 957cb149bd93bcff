import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './duration.ts';

test('durations are read as Go writes them', () => {
  const cases: [text: string, milliseconds: number | undefined][] = [
    ['0', 0],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['250ms', 250],
    ['10us', 0.01],
    ['1m0s', 60_000],
    ['', undefined],
    ['5', undefined],
    ['m', undefined],
    ['-5m', undefined],
    ['5m ', undefined],
    ['5 m', undefined],
    ['5d', undefined],
    ['5m3', undefined],
    ['1'.repeat(100), undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDuration(text), expected, text);
});
