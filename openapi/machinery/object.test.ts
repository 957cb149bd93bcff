import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf, splitKey } from './object.ts';

test('keys of namespaced and cluster-scoped objects', () => {
  assert.equal(keyOf({ metadata: { name: 'a', namespace: 'n' } }), 'n/a');
  assert.equal(keyOf({ metadata: { name: 'a' } }), 'a');
  assert.deepEqual(splitKey('n/a'), { namespace: 'n', name: 'a' });
  assert.deepEqual(splitKey('a'), { namespace: '', name: 'a' });
});
