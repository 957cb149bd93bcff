import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indentJson } from './indent-json.ts';

test('any JSON value is indented as JSON.stringify indents it, whatever whitespace it came with', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', '\t', ' '), (value, space) => {
      const expected = `${JSON.stringify(value, null, 2)}\n`;
      assert.equal(indentJson(Buffer.from(JSON.stringify(value, null, space))).toString(), expected);
    }),
  );
});

test('numbers keep every digit', () => {
  assert.equal(indentJson(Buffer.from('{"a":9007199254740993}')).toString(), '{\n  "a": 9007199254740993\n}\n');
});
