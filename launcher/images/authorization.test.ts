import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenge } from './authorization.ts';

const parsed = (header: string) => {
  const challenge = parseChallenge(header);
  return challenge && [challenge.scheme, Object.fromEntries(challenge.parameters)];
};

test('challenges are read as RFC 9110 writes them', () => {
  assert.deepEqual(
    parsed('Bearer realm="https://t.example/token",service="r.example",scope="repository:a/b:pull,push"'),
    ['bearer', { realm: 'https://t.example/token', service: 'r.example', scope: 'repository:a/b:pull,push' }],
  );
  assert.deepEqual(parsed('bearer Realm = "a\\"b" , service=plain'), ['bearer', { realm: 'a"b', service: 'plain' }]);
  assert.deepEqual(parsed('Basic realm="x"'), ['basic', { realm: 'x' }]);
  assert.deepEqual(parsed('Negotiate, Basic realm="x"'), ['basic', { realm: 'x' }]);
  assert.equal(parsed('Negotiate'), undefined);
  assert.equal(parsed(''), undefined);
});
