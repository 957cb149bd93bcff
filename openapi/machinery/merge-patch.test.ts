import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isJsonObject, type JsonObject, type JsonValue } from './json-value.ts';
import { applyMergePatch, createMergePatch } from './merge-patch.ts';

test('the examples of RFC 7386', () => {
  const cases: [JsonValue, JsonValue, JsonValue][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of cases) assert.deepEqual(applyMergePatch(target, patch), result);
});

test('__proto__ is a key like any other and reaches nothing that objects inherit', () => {
  const patch = JSON.parse('{"a":1,"__proto__":{"polluted":1},"b":2}') as JsonValue;
  const result = applyMergePatch({}, patch) as JsonObject;
  assert.equal(JSON.stringify(result), '{"a":1,"__proto__":{"polluted":1},"b":2}');
  assert.equal(result.polluted, undefined);
  const again = applyMergePatch(result, JSON.parse('{"__proto__":{"more":2},"a":null}') as JsonValue);
  assert.equal(JSON.stringify(again), '{"__proto__":{"polluted":1,"more":2},"b":2}');
  assert.equal(JSON.stringify(applyMergePatch(again, JSON.parse('{"__proto__":null}') as JsonValue)), '{"b":2}');
  assert.equal(({} as JsonObject).polluted, undefined);
});

const noNulls = (value: JsonValue): JsonValue =>
  isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([, member]) => member !== null)
          .map(([key, member]) => [key, noNulls(member)]),
      )
    : value;
const document = fc
  .dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true })
  .map((value) => noNulls(JSON.parse(JSON.stringify(value)) as JsonValue) as JsonObject);

test('property: the patch between two documents turns one into the other, and the arguments stay as they were', () => {
  fc.assert(
    fc.property(document, document, (from, to) => {
      const before = JSON.stringify(from);
      const patch = createMergePatch(from, to);
      assert.deepEqual(applyMergePatch(from, patch ?? {}), to);
      assert.equal(JSON.stringify(from), before);
      assert.equal(createMergePatch(to, to), undefined);
    }),
  );
});

test('property: applying a patch twice is applying it once', () => {
  fc.assert(
    fc.property(document, document, (target, patch) => {
      const once = applyMergePatch(target, patch);
      assert.deepEqual(applyMergePatch(once, patch), once);
    }),
  );
});
