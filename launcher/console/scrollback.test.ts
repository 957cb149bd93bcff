import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Scrollback } from './scrollback.ts';

test('keeps exactly the last bytes, whatever the pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 64 }), (pieces, capacity) => {
      const scrollback = new Scrollback(capacity);
      for (const piece of pieces) scrollback.append(Buffer.from(piece));
      const all = Buffer.concat(pieces);
      assert.deepEqual(scrollback.bytes(), all.subarray(Math.max(0, all.length - capacity)));
    }),
  );
});

test('thousands of single bytes stay in few buffers', () => {
  const scrollback = new Scrollback(64 * 1024);
  for (let index = 0; index < 100_000; index += 1) scrollback.append(Buffer.from([index & 255]));
  const bytes = scrollback.bytes();
  assert.equal(bytes.length, 64 * 1024);
  assert.equal(bytes.at(-1), 99_999 & 255);
});
