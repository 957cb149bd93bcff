import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeContinue, encodeContinue } from './continue-token.ts';

const token = (text: string) => Buffer.from(text).toString('base64url');

test('a token comes back as it was made', () => {
  for (const one of [
    { revision: 5n, after: 'default/a' },
    { revision: -1n, after: 'a' },
    { revision: 9_007_199_254_740_993n, after: 'team/b.c' },
  ]) {
    assert.deepEqual(decodeContinue(encodeContinue(one)), one);
  }
});

test('what is no token of ours is none: other texts, versions, paths out of the prefix', () => {
  for (const text of [
    '',
    'x',
    '!!!',
    token('{}'),
    token('[]'),
    token('{"v":"meta.k8s.io/v1","rv":0,"start":"a\\u0000"}'),
    token('{"v":"meta.k8s.io/v1","rv":5,"start":"a"}'),
    token('{"v":"meta.k8s.io/v1","rv":5,"start":"../a\\u0000"}'),
    token('{"v":"meta.k8s.io/v1","rv":5,"start":"a//b\\u0000"}'),
    token('{"v":"meta.k8s.io/v1","rv":5,"start":"a/b/c\\u0000"}'),
    token('{"v":"meta.k8s.io/v2","rv":5,"start":"a\\u0000"}'),
    token('{"v":"meta.k8s.io/v1","rv":"5","start":"a\\u0000"}'),
    'a'.repeat(5000),
  ]) {
    assert.equal(decodeContinue(text), undefined, text);
  }
});
