import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPullPolicy, parseImageReference } from './image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

test('references are taken apart', () => {
  assert.deepEqual(parseImageReference('registry.example:5000/team/debian:12'), {
    repository: 'registry.example:5000/team/debian',
    tag: '12',
    digest: undefined,
  });
  assert.deepEqual(parseImageReference(`127.0.0.1:5000/tiny:v1@${digest}`), {
    repository: '127.0.0.1:5000/tiny',
    tag: 'v1',
    digest,
  });
  assert.deepEqual(parseImageReference('[::1]:5000/tiny')?.repository, '[::1]:5000/tiny');
  assert.deepEqual(parseImageReference('debian')?.repository, 'debian');
});

test('what is no reference is none', () => {
  for (const text of [
    '',
    'Debian',
    'a b',
    'https://x/y',
    'x:',
    'x@sha256:12',
    '/x',
    'x//y',
    'x/../y',
    `${'a'.repeat(2000)}`,
  ]) {
    assert.equal(parseImageReference(text), undefined, text);
    assert.equal(defaultPullPolicy(text), 'IfNotPresent');
  }
});
