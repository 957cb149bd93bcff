import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonError, readJson } from './json.ts';

const duplicates = (text: string) => readJson(Buffer.from(text)).duplicates;

test('R1: duplicate keys are reported with their path, the last value wins', () => {
  assert.deepEqual(duplicates('{"a":1,"b":{"a":1}}'), []);
  assert.deepEqual(duplicates('{"spec":{"v":[{"n":1},{"n":1,"n":2}]}}'), ['spec.v[1].n']);
  assert.deepEqual(duplicates('{"a":{"x":1},"a":{"x":2,"x":3},"a":0}'), ['a', 'a.x']);
  assert.deepEqual(duplicates('{"\\u0061":1,"a":2}'), ['a']);
  assert.deepEqual(duplicates('{"a":"{\\"a\\":1,\\"a\\":2}","b":"\\\\"}'), []);
  assert.deepEqual(readJson('{"a":1,"a":2}').value, { a: 2 });
});

test('R2: whole numbers that a double cannot hold are refused, with the field', () => {
  assert.throws(() => readJson('{"a":[1,9007199254740993]}'), /a\[1\]: the number 9007199254740993/);
  assert.throws(() => readJson('{"a":-18446744073709551616}'), JsonError);
  assert.throws(() => readJson('{"a":1e999}'), JsonError);
  assert.deepEqual(readJson('{"a":9007199254740991,"b":-1.5e3,"c":0.1}').value, {
    a: 9007199254740991,
    b: -1500,
    c: 0.1,
  });
});

test('R3: __proto__ and constructor are plain data', () => {
  for (const text of ['{"metadata":{"__proto__":{"a":1}}}', '{"__proto__":1,"b":[{"__proto__":[]}]}']) {
    assert.equal(JSON.stringify(readJson(text).value), text);
  }
  assert.deepEqual(Object.keys(readJson('{"\\u005f_proto__":1}').value as object), ['__proto__']);
  assert.deepEqual(duplicates('{"__proto__":1,"__proto__":2}'), ['__proto__']);
  assert.deepEqual(readJson('{"data":{"constructor":"x"}}').value, { data: { constructor: 'x' } });
  assert.deepEqual(readJson('["__proto__"]').value, ['__proto__']);
});

test('R4: depth is limited', () => {
  assert.throws(() => readJson(`${'['.repeat(5000)}${']'.repeat(5000)}`), /nested deeper/);
  assert.doesNotThrow(() => readJson(`${'['.repeat(256)}${']'.repeat(256)}`));
});

test('R6: the number of values is limited', () => {
  for (const item of ['0', '{}', '{"a":1}']) {
    assert.throws(() => readJson(`[${Array(100_000).fill(item).join(',')}]`), /more than 100000 values/, item);
  }
  assert.doesNotThrow(() => readJson(`[${Array(90_000).fill('"a,b"').join(',')}]`));
});

test('R5: bad UTF-8 and bad JSON are refused with a sentence', () => {
  assert.throws(() => readJson(Buffer.from([0x22, 0xff, 0x22])), /not valid UTF-8/);
  assert.throws(() => readJson(''), /the body is not valid JSON/);
  assert.throws(() => readJson('{"a":1}x'), JsonError);
});

test('property: what JSON.stringify writes is read back without complaint', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        const body = readJson(text);
        assert.deepEqual(body.value, JSON.parse(text));
        assert.deepEqual(body.duplicates, []);
      } catch (error) {
        assert.ok(error instanceof JsonError && /outside/.test(error.message), String(error));
      }
    }),
  );
});
