import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningHeaders } from './warnings.ts';

test('texts are quoted and escaped, once each, without control characters', () => {
  assert.deepEqual(warningHeaders(['unknown field "spec.x"', 'unknown field "spec.x"', 'a\r\nSet-Cookie: b', '']), [
    '299 - "unknown field \\"spec.x\\""',
    '299 - "a Set-Cookie: b"',
  ]);
});

test('UTF-8 keeps its bytes', () => {
  assert.equal(Buffer.from(warningHeaders(['größe'])[0] ?? '', 'latin1').toString('utf8'), '299 - "größe"');
});

test('beyond 4 KiB each text is cut to 256 characters, and all together stay within the budget', () => {
  const lines = warningHeaders(Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(1000)}`));
  assert.equal(lines.length, 16);
  assert.ok(lines.every((line) => line.length <= 256 + '299 - ""'.length));
});
