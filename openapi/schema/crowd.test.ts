import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_ITEMS } from './crowd.ts';
import { schemaFor } from './schema.ts';

const claims = schemaFor('', 'v1', 'PersistentVolumeClaim');
const claim = (accessModes: unknown[], labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'a', labels },
  spec: { accessModes, resources: { requests: { storage: '1Gi' } } },
});

test('an object with very many items is refused for that alone', () => {
  const errors = claims?.validate(claim(Array(MOST_ITEMS).fill(null), { a: 'b' })) ?? [];
  assert.deepEqual(
    errors.map(({ type, field }) => `${type} ${field}`),
    ['tooMany spec.accessModes'],
  );
});

test('of wrong items below that the first ones are told', () => {
  const errors = claims?.validate(claim(Array(5_000).fill(null))) ?? [];
  assert.ok(errors.length > 100 && errors.length < 300, `${errors.length} errors`);
  assert.equal(errors[0]?.field, 'spec.accessModes[0]');
});
