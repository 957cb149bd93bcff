import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyJsonPatch, JsonPatchError, type JsonPatchFailure } from './json-patch.ts';
import type { JsonValue } from './json-value.ts';

const fails = (document: JsonValue, patch: unknown, kind: JsonPatchFailure) => {
  const before = JSON.stringify(document);
  assert.throws(
    () => applyJsonPatch(document, patch),
    (error) => error instanceof JsonPatchError && error.kind === kind,
    JSON.stringify(patch),
  );
  assert.equal(JSON.stringify(document), before, 'J1: the document is unchanged');
};

test('the operations of RFC 6902', () => {
  const cases: [JsonValue, unknown[], JsonValue][] = [
    [{}, [{ op: 'add', path: '/a', value: 1 }], { a: 1 }],
    [{ a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
    [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2] }],
    [{ a: 1 }, [{ op: 'remove', path: '/a' }], {}],
    [{ a: [1, 2] }, [{ op: 'remove', path: '/a/0' }], { a: [2] }],
    [{ a: 1 }, [{ op: 'replace', path: '/a', value: null }], { a: null }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: [] }], []],
    [{ a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    [{ 'a/b': { '~': 1 } }, [{ op: 'replace', path: '/a~1b/~0', value: 2 }], { 'a/b': { '~': 2 } }],
    [{ a: 1 }, [{ op: 'test', path: '/a', value: 1 }], { a: 1 }],
    [{ a: { x: 1, y: 2 } }, [{ op: 'test', path: '/a', value: { y: 2, x: 1 } }], { a: { x: 1, y: 2 } }],
    [{}, [{ op: 'test', path: '/a', value: null }], {}],
    [{ '': 1 }, [{ op: 'remove', path: '/' }], {}],
  ];
  for (const [document, patch, result] of cases)
    assert.deepEqual(applyJsonPatch(document, patch), result, JSON.stringify(patch));
});

test('J1: what does not apply changes nothing, even after operations that did', () => {
  fails(
    { a: 1 },
    [
      { op: 'add', path: '/b', value: 1 },
      { op: 'test', path: '/a', value: 2 },
    ],
    'inapplicable',
  );
  fails(
    { a: [1] },
    [
      { op: 'remove', path: '/a/0' },
      { op: 'remove', path: '/a/0' },
    ],
    'inapplicable',
  );
  for (const path of ['/x/y', '/a/2', '/a/-', '/a/01', '/a/+0', '/a/1e0', '/toString', '/a/length']) {
    fails({ a: [1] }, [{ op: 'remove', path }], 'inapplicable');
  }
  fails({ a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b/c' }], 'inapplicable');
  fails({ a: 1 }, [{ op: 'replace', path: '/b', value: 1 }], 'inapplicable');
  fails({ a: 1 }, [{ op: 'add', path: '/a/b', value: 1 }], 'inapplicable');
  fails({ a: 1 }, [{ op: 'remove', path: '' }], 'inapplicable');
});

test('what is no patch is undecodable', () => {
  for (const patch of [
    {},
    null,
    'x',
    [1],
    [{ op: 'add' }],
    [{ op: 'merge', path: '/a' }],
    [{ op: 'add', path: 'a' }],
    [{ op: 'move', path: '/a' }],
  ]) {
    fails({ a: 1 }, patch, 'undecodable');
  }
});

test('J2: limits', () => {
  fails(
    {},
    Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: null })),
    'tooLarge',
  );
  const bomb = [
    { op: 'add', path: '/0', value: 'x'.repeat(1000) },
    ...Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '', path: `/${i + 1}` })),
  ];
  fails({}, bomb, 'tooLarge');
});

test('J2: long lists cannot be moved about without end', () => {
  const long = Array(100_000).fill(0) as JsonValue[];
  const front = Array(9_000).fill({ op: 'add', path: '/a/0', value: 1 });
  fails({ a: long }, front, 'tooLarge');
  fails({ a: long }, Array(9_000).fill({ op: 'remove', path: '/a/0' }), 'tooLarge');
});

test('J3: __proto__ is a name like any other, and what objects inherit is out of reach', () => {
  for (const path of ['/__proto__/polluted', '/a/__proto__/polluted']) {
    fails({ a: {} }, [{ op: 'add', path, value: 1 }], 'inapplicable');
  }
  const added = applyJsonPatch({ a: {} }, [{ op: 'add', path: '/a/__proto__', value: { b: 1 } }]);
  assert.equal(JSON.stringify(added), '{"a":{"__proto__":{"b":1}}}');
  const changed = applyJsonPatch(added, [
    { op: 'test', path: '/a/__proto__/b', value: 1 },
    { op: 'move', from: '/a/__proto__', path: '/c' },
  ]);
  assert.equal(JSON.stringify(changed), '{"a":{},"c":{"b":1}}');
  fails({ a: {} }, [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }], 'inapplicable');
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('property: an added member can be read, tested and removed again', () => {
  const key = fc.oneof(fc.string(), fc.constant('__proto__'));
  const document = fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true });
  const escaped = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1');
  fc.assert(
    fc.property(document, key, fc.jsonValue(), (object, name, value) => {
      const start = JSON.parse(JSON.stringify(object)) as Record<string, JsonValue>;
      const wanted = JSON.parse(JSON.stringify(value)) as JsonValue;
      const path = `/${escaped(name)}`;
      const added = applyJsonPatch(start, [
        { op: 'add', path, value: wanted },
        { op: 'test', path, value: wanted },
      ]);
      // fromEntries defines members, where an assignment to __proto__ would not.
      assert.deepEqual(added, Object.fromEntries([...Object.entries(start), [name, wanted]]));
      const { [name]: _, ...rest } = start;
      assert.deepEqual(applyJsonPatch(added, [{ op: 'remove', path }]), rest);
    }),
  );
});
