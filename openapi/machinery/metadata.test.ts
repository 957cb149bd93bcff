import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrorText } from './field-error.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from './metadata.ts';
import type { ObjectMeta } from './object.ts';

const check = (metadata: ObjectMeta, namespaced = true) =>
  validateObjectMeta(metadata, { namespaced }).map(fieldErrorText);
const good: ObjectMeta = { name: 'web', namespace: 'default' };

test('good metadata has no errors', () => {
  assert.deepEqual(
    check({
      ...good,
      creationTimestamp: null,
      labels: { app: 'web', 'example.com/x': '' },
      annotations: { 'Example.com/Note': 'anything at all: é' },
      finalizers: ['torpor.dev/machine'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }],
    }),
    [],
  );
  assert.deepEqual(check({ name: 'node.example' }, false), []);
});

test('names and namespaces', () => {
  assert.deepEqual(check({ namespace: 'default' }), [
    'metadata.name: Required value: name or generateName is required',
  ]);
  assert.match(
    check({ ...good, name: 'Web' })[0] ?? '',
    /^metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain/,
  );
  assert.equal(check({ ...good, name: 'a/b' })[0], 'metadata.name: Invalid value: "a/b": may not contain \'/\'');
  assert.deepEqual(check({ name: 'a' }), ['metadata.namespace: Required value']);
  assert.deepEqual(check(good, false), ['metadata.namespace: Forbidden: not allowed on this type']);
  assert.deepEqual(check({ ...good, generateName: 'web-' }), []);
  assert.equal(check({ ...good, generateName: 'Web-' }).length, 1);
});

test('labels, annotations, finalizers, owners', () => {
  assert.match(
    check({ ...good, labels: { 'a b': 'c' } })[0] ?? '',
    /^metadata.labels: Invalid value: "a b": name part/,
  );
  assert.match(
    check({ ...good, labels: { a: 'c d' } })[0] ?? '',
    /^metadata.labels: Invalid value: "c d": a valid label/,
  );
  assert.match(
    check({ ...good, annotations: { a: 'x'.repeat(262144) } })[0] ?? '',
    /Too long: may not be more than 262144 bytes/,
  );
  assert.match(check({ ...good, finalizers: ['orphan', 'foregroundDeletion'] })[0] ?? '', /cannot be both set/);
  assert.equal(check({ ...good, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] }).length, 4);
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true };
  assert.match(check({ ...good, ownerReferences: [owner, { ...owner, name: 'q' }] })[0] ?? '', /Only one reference/);
  assert.match(check({ ...good, ownerReferences: [{ ...owner, kind: 'Event' }] })[0] ?? '', /disallowed/);
});

test('updates: what is immutable, and no new finalizers while deleting', () => {
  const old = { ...good, uid: 'u', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.b/c'] };
  assert.deepEqual(validateObjectMetaUpdate(old, old), []);
  assert.deepEqual(validateObjectMetaUpdate({ ...old, uid: 'x' }, old).map(fieldErrorText), [
    'metadata.uid: Invalid value: "x": field is immutable',
  ]);
  assert.deepEqual(validateObjectMetaUpdate({ ...old, finalizers: ['a.b/c', 'd'] }, old).map(fieldErrorText), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"d"}',
  ]);
});
