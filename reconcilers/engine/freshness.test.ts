import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Freshness } from './freshness.ts';

const at = (uid: string, resourceVersion: string) => ({ metadata: { uid, resourceVersion } });

test('F1: stale until the copy has the write or a later one', () => {
  const freshness = new Freshness();
  assert.equal(freshness.isStale(at('u', '5')), false);
  freshness.wrote(at('u', '10'));
  assert.equal(freshness.isStale(at('u', '9')), true);
  assert.equal(freshness.isStale(at('other', '1')), false);
  assert.equal(freshness.isStale(at('u', '10')), false);
  assert.equal(freshness.size, 0);
  freshness.wrote(at('u', '100'));
  assert.equal(freshness.isStale(at('u', '99')), true, 'by number, not by text');
});

test('F2: a write that never shows up is forgotten', (t) => {
  t.mock.method(performance, 'now', () => 0);
  const freshness = new Freshness();
  freshness.wrote(at('u', '10'));
  t.mock.method(performance, 'now', () => 10_001);
  assert.equal(freshness.isStale(at('u', '9')), false);
});
