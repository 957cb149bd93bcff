import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkKey, checkPrefix, compareKeys } from './keys.ts';

describe('keys', () => {
  it('are ordered as their UTF-8 bytes are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        assert.equal(Math.sign(compareKeys(a, b)), expected);
      }),
    );
    assert.ok(compareKeys('/a/\u{1f600}', '/a/\uffee') > 0);
  });

  it('of the store itself and malformed ones are refused', () => {
    for (const key of ['', '/', 'a', '/!revision']) assert.throws(() => checkKey(key), TypeError);
    checkKey('/a');
    checkPrefix('/');
    assert.throws(() => checkPrefix(''), TypeError);
  });
});
