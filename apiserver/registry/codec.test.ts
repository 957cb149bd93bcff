import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeObject, encodeObject, servedBytes, withRevision } from './codec.ts';

const object = () => ({
  spec: { a: '"metadata":{"resourceVersion":"7"' },
  metadata: { name: 'a', resourceVersion: '9', labels: { metadata: '{' } },
  kind: 'K',
  apiVersion: 'g/v1',
});

test('C1: stored bytes begin with apiVersion, kind and metadata and hold no resourceVersion', () => {
  const text = encodeObject(object()).toString();
  assert.ok(text.startsWith('{"apiVersion":"g/v1","kind":"K","metadata":{"name":"a",'));
  assert.equal(JSON.parse(text).metadata.resourceVersion, undefined);
});

test('C2: served bytes are the stored ones with the version put in', () => {
  const served = servedBytes(encodeObject(object()), 42n);
  assert.deepEqual(JSON.parse(served.toString()), {
    ...object(),
    metadata: { ...object().metadata, resourceVersion: '42' },
  });
  assert.deepEqual(decodeObject(encodeObject(object()), 42n), JSON.parse(served.toString()));
});

test('C2: also for metadata without members', () => {
  const served = servedBytes(encodeObject({ apiVersion: 'v1', kind: 'K', metadata: {} }), 1n);
  assert.deepEqual(JSON.parse(served.toString()).metadata, { resourceVersion: '1' });
});

test('the last state of an object can be served with the revision that removed it', () => {
  const served = servedBytes(encodeObject(object()), 42n);
  const deleted = JSON.parse(withRevision(served, 12345n).toString());
  assert.equal(deleted.metadata.resourceVersion, '12345');
  assert.deepEqual(deleted.spec, object().spec);
});

test('data that Object.prototype knows by name survives', () => {
  const bytes = Buffer.from(
    '{"apiVersion":"v1","kind":"K","metadata":{"name":"a"},"data":{"constructor":"x","toString":"y"}}',
  );
  const again = encodeObject(decodeObject(bytes, 3n));
  assert.deepEqual(JSON.parse(again.toString()).data, { constructor: 'x', toString: 'y' });
});
