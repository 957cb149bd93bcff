import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ManagedFieldsEntry } from '../object.ts';
import { appliedSet, ConfigurationError } from './applied-set.ts';
import { changesOf } from './changes.ts';
import { pathText } from './elements.ts';
import {
  difference,
  type FieldSet,
  type FieldTree,
  hasPath,
  intersection,
  LEAF,
  nodeOf,
  pathsOf,
  union,
} from './field-set.ts';
import { decodeFieldsV1, encodeFieldsV1 } from './fields-v1.ts';
import { decodeManagedFields, inOrder, isReset } from './managers.ts';
import { ownablePart } from './ownable.ts';
import { reconcile } from './reconcile.ts';
import { configurations, sample, sampleShape, writer } from './testing/sample.ts';
import { managersAfterUpdate } from './update.ts';

const element = fc.constantFrom(
  'f:a',
  'f:b',
  'f:.',
  'f:__proto__',
  'k:{"name":"x"}',
  'k:{"name":"y"}',
  'v:"v"',
  'v:1',
  'i:0',
);
const { tree } = fc.letrec<{ tree: FieldTree }>((tie) => ({
  tree: fc
    .tuple(
      fc.boolean(),
      fc.dictionary(element, fc.oneof({ maxDepth: 3 }, fc.constant(LEAF), tie('tree')), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    )
    .map(([member, children]) => nodeOf(member, children) ?? LEAF),
}));
const sets: fc.Arbitrary<FieldSet> = tree.map((node) => {
  const { '.': _self, ...children } = node;
  return nodeOf(false, children);
});
const texts = (set: FieldSet) =>
  pathsOf(set)
    .map((path) => JSON.stringify(path))
    .sort();

test('sets are sets: union, difference and intersection agree with those of their paths', () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [left, right] = [new Set(texts(a)), new Set(texts(b))];
      assert.deepEqual(texts(union(a, b)), [...new Set([...left, ...right])].sort());
      assert.deepEqual(texts(difference(a, b)), [...left].filter((path) => !right.has(path)).sort());
      assert.deepEqual(texts(intersection(a, b)), [...left].filter((path) => right.has(path)).sort());
      for (const path of pathsOf(a)) assert.ok(hasPath(a, path));
    }),
  );
});

test('F2, F3: what nothing happens to is the same set; nothing empty is left', () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      assert.equal(union(a, a), a);
      assert.equal(difference(a, difference(b, a)), a);
      assert.equal(difference(a, a), undefined);
      assert.equal(union(a, intersection(a, b)), a);
    }),
  );
});

test('fieldsV1 is read as it was written, in any order and with any spacing of its elements', () => {
  fc.assert(
    fc.property(sets, (set) => {
      const written = encodeFieldsV1(set ?? LEAF);
      const read = decodeFieldsV1(JSON.parse(JSON.stringify(written)));
      assert.notEqual(read, 'undecodable');
      assert.deepEqual(texts(read as FieldSet), texts(set));
    }),
  );
  assert.deepEqual(decodeFieldsV1({ 'f:a': { 'k:{"b": 1.0, "a":"\\u003cx\\u003e"}': { '.': {}, 'f:z': {} } } }), {
    'f:a': { 'k:{"a":"<x>","b":1}': { '.': {}, 'f:z': {} } },
  });
});

test('elements are written itself first, then fields, keys by their values, values, places', () => {
  const set = {
    'i:0': {},
    'v:2': {},
    'v:10': {},
    'k:{"port":443}': {},
    'k:{"port":80}': {},
    'f:b': {},
    'f:a': {},
    '.': {},
  };
  assert.deepEqual(Object.keys(encodeFieldsV1(set)), [
    '.',
    'f:a',
    'f:b',
    'k:{"port":80}',
    'k:{"port":443}',
    'v:2',
    'v:10',
    'i:0',
  ]);
});

test('what is no set of fields is refused whole', () => {
  for (const wrong of [
    1,
    'x',
    [],
    { a: {} },
    { 'f:a': 1 },
    { 'f:a': { 'k:x': {} } },
    { 'i:-1': {} },
    { 'k:[]': {} },
    { 'f:a': null },
  ]) {
    assert.equal(decodeFieldsV1(wrong), 'undecodable', JSON.stringify(wrong));
  }
  for (const empty of [undefined, null, {}]) assert.equal(decodeFieldsV1(empty), undefined);
});

test('paths are text as people read it', () => {
  assert.equal(
    pathText(['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:name']),
    '.spec.ports[port=80,protocol="TCP"].name',
  );
  assert.equal(pathText(['f:metadata', 'f:finalizers', 'v:"x/y"']), '.metadata.finalizers[="x/y"]');
  assert.equal(pathText(['f:list', 'i:3']), '.list[3]');
});

test('changes: containers that come and go are named with all that is in them, those that stay are not', () => {
  const change = (before: object, after: object) => {
    const { changed, removed } = changesOf({ spec: before } as never, { spec: after } as never, sampleShape);
    return { changed: pathsOf(changed).map(pathText), removed: pathsOf(removed).map(pathText) };
  };
  assert.deepEqual(change({}, { disks: [{ name: 'a', tags: { x: '1' } }] }), {
    changed: [
      '.spec.disks',
      '.spec.disks[name="a"]',
      '.spec.disks[name="a"].name',
      '.spec.disks[name="a"].tags',
      '.spec.disks[name="a"].tags.x',
    ],
    removed: [],
  });
  assert.deepEqual(
    change({ disks: [{ name: 'a' }, { name: 'b' }] }, { disks: [{ name: 'b' }, { name: 'a', size: '1' }] }),
    {
      changed: ['.spec.disks[name="a"].size'],
      removed: [],
    },
  );
  assert.deepEqual(change({ idle: { after: '1' }, order: ['a'] }, { order: ['a', 'b'] }), {
    changed: ['.spec.order'],
    removed: ['.spec.idle', '.spec.idle.after'],
  });
  assert.deepEqual(change({ free: { a: 1 } }, { free: [1] }), { changed: ['.spec.free'], removed: ['.spec.free.a'] });
  assert.deepEqual(change({ idle: {} }, { idle: {} }), { changed: [], removed: [] });
});

test('changes are nothing exactly when nothing but the order of merging lists is different', () => {
  fc.assert(
    fc.property(configurations, configurations, (a, b) => {
      const [one, two] = [ownablePart(a, 'main'), ownablePart(b, 'main')];
      const forth = changesOf(one, two, sampleShape);
      const back = changesOf(two, one, sampleShape);
      assert.deepEqual(texts(difference(forth.removed, back.changed)), [], 'what goes one way comes the other way');
      assert.deepEqual(changesOf(one, structuredClone(one), sampleShape), { changed: undefined, removed: undefined });
    }),
  );
});

test('a configuration whose items do not say which they are makes no set', () => {
  const refused = (disks: unknown, text: RegExp) =>
    assert.throws(
      () => appliedSet({ spec: { disks } } as never, sampleShape),
      (error) => {
        assert.ok(error instanceof ConfigurationError);
        assert.match(error.message, text);
        return true;
      },
    );
  refused([{ size: '1' }], /^\.spec\.disks: item 0: the item lacks "name"/);
  refused([{ name: 'a' }, { name: 'a' }], /^\.spec\.disks: item 1: a second \[name="a"\]/);
  refused(['a'], /must be an object/);
  refused(
    [{ name: 'a', ports: [{ port: 1 }, { port: 1, protocol: 'TCP' }] }],
    /^\.spec\.disks\[name="a"\]\.ports: item 1/,
  );
});

test('M1, M3: an update steals silently, and entries stand in their order', () => {
  const update = (entries: readonly ManagedFieldsEntry[], manager: string, fields: FieldSet, time: string, more = {}) =>
    managersAfterUpdate(
      entries,
      { changed: fields, removed: undefined },
      writer(manager, { operation: 'Update', time, ...more }),
    );
  const [a, b] = [{ 'f:spec': { 'f:a': {} } }, { 'f:spec': { 'f:b': {} } }];
  const one = update(
    [{ ...writer('z'), fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:a': {}, 'f:c': {} } } }],
    'y',
    a,
    '2026-01-02T00:00:00Z',
  );
  const two = update(one, 'x', b, '2026-01-01T00:00:00Z', { subresource: 'status' });
  assert.deepEqual(
    two.map(({ manager, operation, fieldsV1, subresource }) => [manager, operation, fieldsV1, subresource]),
    [
      ['z', 'Apply', { 'f:spec': { 'f:c': {} } }, ''],
      ['x', 'Update', b, 'status'],
      ['y', 'Update', a, undefined],
    ],
  );
  const same = update(two, 'y', b, '2026-01-03T00:00:00Z');
  assert.deepEqual(same.at(-1), {
    manager: 'y',
    operation: 'Update',
    apiVersion: 'sample/v1',
    time: '2026-01-03T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:a': {}, 'f:b': {} } },
  });
  assert.equal(same.length, 2, 'who lost everything is gone');
});

test('M2: a write that only removes takes it from everybody and makes no entry', () => {
  const entries = [{ ...writer('a'), fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:a': {} } } }];
  const after = managersAfterUpdate(
    entries,
    { changed: undefined, removed: { 'f:spec': { 'f:a': {} } } },
    writer('b', { operation: 'Update' }),
  );
  assert.deepEqual(after, []);
});

test('M4: the oldest of more than ten updates become ancient-changes', () => {
  let entries: readonly ManagedFieldsEntry[] = [];
  const write = (index: number) => {
    const time = `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`;
    const changed = { 'f:spec': { [`f:${index}`]: {} } };
    entries = managersAfterUpdate(
      entries,
      { changed, removed: undefined },
      writer(`m${index}`, { operation: 'Update', time }),
    );
  };
  for (let index = 0; index < 10; index += 1) write(index);
  assert.equal(entries.length, 10);
  assert.ok(!entries.some(({ manager }) => manager === 'ancient-changes'));
  for (let index = 10; index < 14; index += 1) write(index);
  assert.equal(entries.length, 10);
  const [ancient] = entries;
  assert.equal(ancient?.manager, 'ancient-changes');
  assert.deepEqual(ancient?.fieldsV1, { 'f:spec': { 'f:0': {}, 'f:1': {}, 'f:2': {}, 'f:3': {}, 'f:4': {} } });
  assert.equal(ancient?.time, '2026-01-01T00:00:04Z');
});

test('entries of a client: reset, taken, or undecodable', () => {
  assert.deepEqual([undefined, [], [{}], [{ manager: 'x' }]].map(isReset), [false, true, true, false]);
  const entry = {
    manager: 'x',
    operation: 'Update',
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:b': {}, 'f:a': {} },
    time: '2026-01-01T01:00:00.5+01:00',
  };
  assert.deepEqual(decodeManagedFields([entry]), [{ ...entry, time: '2026-01-01T00:00:00Z' }]);
  for (const wrong of [
    { operation: 'Patch' },
    { apiVersion: '' },
    { fieldsType: 'V0' },
    { fieldsV1: { x: {} } },
    { time: 'now' },
    { manager: 1 as never },
  ]) {
    assert.equal(decodeManagedFields([{ ...entry, ...wrong }]), 'undecodable', JSON.stringify(wrong));
  }
  assert.deepEqual(
    inOrder([entry, { ...entry, operation: 'Apply' }]).map(({ operation }) => operation),
    ['Apply', 'Update'],
  );
});

test('who owned something in what is now owned whole owns the whole', () => {
  const set = { 'f:spec': { 'f:place': { 'f:zone': {} }, 'f:order': { 'i:0': {} }, 'f:size': {} } };
  assert.deepEqual(reconcile(set, sampleShape), { 'f:spec': { 'f:place': {}, 'f:order': {}, 'f:size': {} } });
  const fine = { 'f:spec': { 'f:size': {}, 'f:disks': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } } };
  assert.equal(reconcile(fine, sampleShape), fine);
  assert.deepEqual(
    ownablePart(sample({ metadata: { uid: 'u', labels: { a: 'b' } }, status: { phase: 'x' } }), 'main'),
    { metadata: { labels: { a: 'b' } } },
  );
});
