import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Shape } from '../schema/shape.ts';
import { cloneJson, isJsonObject, type JsonObject, type JsonValue } from './json-value.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMerge, StrategicMergeError } from './strategic-merge.ts';

const scalar: Shape = { kind: 'scalar', format: '' };
const list = (items: Shape, merge: { key: string | undefined } | undefined): Shape => ({
  kind: 'array',
  items,
  listType: 'atomic',
  keys: [],
  merge,
});
const object = (properties: Record<string, Shape>): Shape => ({
  kind: 'object',
  properties: new Map(Object.entries(properties)),
  atomic: false,
});
const labels: Shape = { kind: 'map', values: scalar, atomic: false };
const item = object({ name: scalar, value: scalar, labels, ports: list(scalar, { key: undefined }) });
const shape = object({
  labels,
  items: list(item, { key: 'name' }),
  set: list(scalar, { key: undefined }),
  atomic: list(item, undefined),
  inner: object({ items: list(item, { key: 'name' }) }),
});
const merged = (document: JsonValue, patch: JsonObject) => applyStrategicMerge(document, patch, shape);
const named = (...names: string[]) => names.map((name) => ({ name }));

test('M2: members merge, null removes, lists by their key, as a set, or whole', () => {
  const cases: [document: JsonObject, patch: JsonObject, result: JsonObject][] = [
    [{ labels: { a: '1', b: '2' } }, { labels: { b: null, c: '3' } }, { labels: { a: '1', c: '3' } }],
    [
      { items: [{ name: 'a', value: '1' }, { name: 'b' }] },
      { items: [{ name: 'a', labels: { x: 'y' } }] },
      { items: [{ name: 'a', value: '1', labels: { x: 'y' } }, { name: 'b' }] },
    ],
    [{ items: [{ name: 'a', value: '1' }] }, { items: [{ name: 'a', value: null }] }, { items: named('a') }],
    [{ set: ['a', 'b'] }, { set: ['c', 'a'] }, { set: ['b', 'c', 'a'] }],
    [{ atomic: named('a', 'b') }, { atomic: named('c') }, { atomic: named('c') }],
    [{ unknown: ['a'] }, { unknown: ['b'] }, { unknown: ['b'] }],
    [{ set: ['a'] }, { set: null }, {}],
    [{ set: 'no list' }, { set: ['a'] }, { set: ['a'] }],
    [{ inner: 'no object' }, { inner: { items: named('a') } }, { inner: { items: named('a') } }],
    // Stored without a key: nobody can mean it, and it stays.
    [{ items: [{ value: '1' }] }, { items: named('a') }, { items: [{ value: '1' }, { name: 'a' }] }],
  ];
  for (const [document, patch, result] of cases) {
    const before = cloneJson([document, patch]);
    assert.deepEqual(sorted(merged(document, patch)), sorted(result), JSON.stringify(patch));
    assert.deepEqual([document, patch], before, 'M1');
  }
});

/** Where no order is asked for, none is tested. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, sorted(member)]));
}

test('M3: the directives', () => {
  const cases: [document: JsonObject, patch: JsonObject, result: JsonObject][] = [
    [{ inner: { x: 1 } }, { inner: { $patch: 'replace', items: named('a') } }, { inner: { items: named('a') } }],
    [{ inner: { x: 1 } }, { inner: { $patch: 'delete' } }, { inner: {} }],
    [{ inner: { x: 1 } }, { inner: { $patch: 'merge', y: 2 } }, { inner: { x: 1, y: 2 } }],
    [{ items: named('a', 'b') }, { items: [{ $patch: 'delete', name: 'a' }] }, { items: named('b') }],
    [{ items: named('a', 'b') }, { items: [{ $patch: 'replace' }, { name: 'c' }] }, { items: named('c') }],
    [{ set: ['a', 'b', 'c'] }, { '$deleteFromPrimitiveList/set': ['b', 'x'] }, { set: ['a', 'c'] }],
    [{}, { '$deleteFromPrimitiveList/set': ['b'] }, {}],
    [{ set: ['a'] }, { set: ['b'], '$deleteFromPrimitiveList/set': ['a'] }, { set: ['b'] }],
    [
      { a: 1, b: 2, c: 3 },
      { $retainKeys: ['a', 'd'], d: 4 },
      { a: 1, d: 4 },
    ],
    [
      { items: named('a', 'b', 'c') },
      { '$setElementOrder/items': named('c', 'b', 'a') },
      { items: named('c', 'b', 'a') },
    ],
    [
      { items: named('server', 'a', 'b') },
      { items: [{ name: 'b', value: '1' }], '$setElementOrder/items': named('b', 'a') },
      { items: [{ name: 'server' }, { name: 'b', value: '1' }, { name: 'a' }] },
    ],
    [{ set: ['a', 'b'] }, { set: ['c'], '$setElementOrder/set': ['c', 'b', 'a'] }, { set: ['c', 'b', 'a'] }],
    [{}, { '$setElementOrder/items': named('a') }, {}],
    // M4: also in what is new.
    [
      {},
      { inner: { $patch: 'replace', items: [{ name: 'a', value: null }], '$setElementOrder/items': named('a') } },
      { inner: { items: named('a') } },
    ],
    [{}, { items: [{ $patch: 'delete', name: 'a' }] }, { items: [] }],
  ];
  for (const [document, patch, result] of cases) {
    assert.deepEqual(merged(document, patch), result, JSON.stringify(patch));
  }
});

test('a patch that contradicts itself or the list says what is wrong', () => {
  const cases: [patch: JsonObject, message: RegExp][] = [
    [{ inner: { $patch: 'remove' } }, /^inner\.\$patch is "remove"; it must be replace, delete or merge$/],
    [{ items: [{ value: '1' }] }, /^every item of items must be an object with name, which says which item it is$/],
    [{ inner: { items: ['a'] } }, /^every item of inner\.items must be an object with name/],
    [{ atomic: [{ $patch: 'delete', name: 'a' }] }, /^items of atomic have no key to delete one by/],
    [{ $retainKeys: ['a'], b: 1 }, /^b is in the patch and not in its \$retainKeys$/],
    [{ $retainKeys: 'a' }, /^\$retainKeys must be a list$/],
    [{ '$deleteFromPrimitiveList/set': null }, /^\$deleteFromPrimitiveList\/set must be a list$/],
    [{ '$setElementOrder/items': [{ value: '1' }] }, /^every item of items must be an object with name/],
    [
      { items: named('a', 'b'), '$setElementOrder/items': named('b', 'a') },
      /^the order of the items of items is not that of \$setElementOrder\/items$/,
    ],
  ];
  for (const [patch, message] of cases) {
    assert.throws(
      () => merged({ items: named('a'), set: ['a'] }, patch),
      (error) => error instanceof StrategicMergeError && message.test(error.message),
      JSON.stringify(patch),
    );
  }
});

test('names that objects inherit are names like others', () => {
  const patch = JSON.parse('{"constructor":{"a":1},"labels":{"toString":"x"},"__proto__":{"polluted":1}}');
  const result = merged({}, patch) as JsonObject;
  assert.equal(JSON.stringify(result), JSON.stringify(patch));
  assert.deepEqual(result.constructor, { a: 1 });
  assert.equal((result as { polluted?: unknown }).polluted, undefined);
});

const key = fc.constantFrom('a', 'b', 'c', 'd');
const text = fc.constantFrom('1', '2');
const members = fc.dictionary(key, text, { maxKeys: 4, noNullPrototype: true });
const keyedList = fc.uniqueArray(fc.record({ name: key, labels: members }, { noNullPrototype: true }), {
  selector: ({ name }) => name,
});
const documents = fc.record(
  { labels: members, items: keyedList, set: fc.uniqueArray(key) },
  { noNullPrototype: true },
) as fc.Arbitrary<Sample>;
type Sample = {
  labels: Record<string, string>;
  items: { name: string; labels: Record<string, string> }[];
  set: string[];
};

/** What a client sends to get from what it applied last to what it wants now. */
function patchOf(from: Sample, to: Sample): JsonObject {
  const map = (before: Record<string, string>, after: Record<string, string>): JsonObject => ({
    ...Object.fromEntries(Object.keys(before).map((name) => [name, null])),
    ...after,
  });
  const gone = from.items.filter(({ name }) => !to.items.some((one) => one.name === name));
  return {
    labels: map(from.labels, to.labels),
    items: [
      ...to.items.map(({ name, labels }) => ({
        name,
        labels: map(from.items.find((one) => one.name === name)?.labels ?? {}, labels),
      })),
      ...gone.map(({ name }) => ({ name, $patch: 'delete' })),
    ],
    '$setElementOrder/items': to.items.map(({ name }) => ({ name })),
    set: to.set,
    '$setElementOrder/set': to.set,
    '$deleteFromPrimitiveList/set': from.set.filter((one) => !to.set.includes(one)),
  };
}

test('for any two documents: the patch between them leads from one to the other, and again to the same', () => {
  fc.assert(
    fc.property(documents, documents, (from, to) => {
      const patch = patchOf(from, to);
      const before = JSON.stringify([from, patch]);
      const result = merged(from, patch);
      assert.deepEqual(result, to);
      assert.deepEqual(merged(result, patch), to);
      assert.equal(JSON.stringify([from, patch]), before);
    }),
  );
});

test('for any document that others wrote to: what they added stays, in their order', () => {
  fc.assert(
    fc.property(documents, documents, fc.array(fc.nat(5), { minLength: 3, maxLength: 3 }), (from, to, places) => {
      const stored = structuredClone(from);
      for (const [index, place] of places.entries()) {
        stored.items.splice(place, 0, { name: `other-${index}`, labels: {} });
        stored.set.splice(place, 0, `other-${index}`);
      }
      const others = (all: readonly string[]) => all.filter((one) => one.startsWith('other'));
      const own = (all: readonly string[]) => all.filter((one) => !one.startsWith('other'));
      const namesOf = (sample: Sample) => sample.items.map(({ name }) => name);
      const result = merged(stored, patchOf(from, to)) as unknown as Sample;
      assert.deepEqual(own(namesOf(result)), namesOf(to));
      assert.deepEqual(own(result.set), to.set);
      assert.deepEqual(others(namesOf(result)), others(namesOf(stored)));
      assert.deepEqual(others(result.set), others(stored.set));
    }),
  );
});

test('without lists and directives it is a merge patch', () => {
  const tree = fc.letrec<{ tree: JsonValue }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.constant(null),
      fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).tree;
  const root = fc.dictionary(key, tree, { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;
  fc.assert(
    fc.property(root, root, (document, patch) => {
      assert.deepEqual(merged(document, patch), applyMergePatch(document, patch));
    }),
  );
});
