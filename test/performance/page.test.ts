import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison } from './api/api.ts';
import { page } from './page.ts';

const measured = { measuredAt: '2026-11-25T10:00:00.000Z', cores: 2 };
const comparison: Comparison = {
  what: 'create',
  system: 'direct',
  unit: 'per second',
  samples: [1500, 1600, 1700],
  peer: [700, 800, 900],
  median: 1600,
  peerMedian: 800,
  ratio: 2,
  promised: { atLeast: 2 },
  kept: true,
};

test('a comparison is a row with its promise, and one without a promise is kept by nobody', () => {
  const late: Comparison = { ...comparison, system: 'aggregated', ratio: 0.9, promised: { atLeast: 1 }, kept: false };
  const { promised: _, ...rest } = comparison;
  const free: Comparison = { ...rest, what: 'list', promised: undefined };
  const text = page({ api: { ...measured, clients: 16, comparisons: [comparison, late, free], kept: false } });
  assert.match(text, /^\| create \| direct \| 1600\.0 per second \| 800\.0 per second \| 2\.00 \| ≥ 2 \| yes \|$/m);
  assert.match(text, /^\| create \| aggregated .* \| 0\.90 \| ≥ 1 \| no \|$/m);
  assert.match(text, /^\| list \| direct .* \| 2\.00 \| {2}\| {2}\|$/m);
});

test('what was not measured has no section', () => {
  assert.doesNotMatch(page({}), /^## /m);
});
