import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../keys.ts';
import { ItemMaker } from './item.ts';
import { SortedItems } from './sorted-items.ts';

const maker = new ItemMaker<string, null>(
  { admit: (entry) => ({ bytes: entry.value, summary: null }), parse: String },
  1,
  () => assert.fail('nothing throws here'),
);

function item(key: string, revision: bigint) {
  const made = maker.make({ key, value: Buffer.from(`${key}@${revision}`), revision });
  assert.ok(made);
  return made;
}

describe('sorted items', () => {
  it('behave as a map whose ranges are sorted', () => {
    const key = fc.stringMatching(/^\/[ab]\/[a-d]{1,2}$/);
    const step = fc.record({ key, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), fc.option(key), fc.nat(5), (steps, after, limit) => {
        const sorted = new SortedItems<string, null>();
        const model = new Map<string, bigint>();
        for (const [i, { key: name, remove }] of steps.entries()) {
          if (remove) {
            sorted.delete(name);
            model.delete(name);
          } else {
            sorted.set(item(name, BigInt(i)));
            model.set(name, BigInt(i));
          }
        }
        const expected = [...model.keys()]
          .filter((name) => name.startsWith('/a/') && (after === null || compareKeys(name, after) > 0))
          .sort(compareKeys);
        const range = sorted.range('/a/', after ?? undefined, limit);
        assert.deepEqual(
          range.items.map((found) => [found.key, found.revision]),
          expected.slice(0, limit).map((name) => [name, model.get(name)]),
        );
        assert.equal(range.remaining, Math.max(0, expected.length - limit));
        assert.equal(sorted.size, model.size);
        assert.equal(sorted.count('/b/'), [...model.keys()].filter((name) => name.startsWith('/b/')).length);
        for (const name of model.keys()) assert.equal(sorted.get(name)?.revision, model.get(name));
      }),
    );
  });
});

describe('an item maker', () => {
  it('parses on demand, once, and forgets the object whose turn it is (C13)', () => {
    let parsed = 0;
    const counting = new ItemMaker<string, null>(
      {
        admit: (entry) => ({ bytes: entry.value, summary: null }),
        parse: (bytes) => {
          parsed += 1;
          return bytes.toString();
        },
      },
      2,
      () => undefined,
    );
    const made = ['/a', '/b', '/c'].flatMap(
      (key) => counting.make({ key, value: Buffer.from(key), revision: 1n }) ?? [],
    );
    assert.equal(parsed, 0);
    const [a, b, c] = made;
    assert.ok(a && b && c);
    assert.equal(a.object, a.object);
    assert.equal(parsed, 1);
    assert.equal(b.object + c.object, '/b/c');
    assert.equal(b.object, '/b');
    assert.equal(parsed, 3);
    assert.equal(a.object, '/a');
    assert.equal(parsed, 4);
  });

  it('reports an entry that cannot be admitted and does not show it', () => {
    const faults: string[] = [];
    const failing = new ItemMaker<string, null>(
      {
        admit: () => {
          throw new Error('not JSON');
        },
        parse: String,
      },
      1,
      (key, revision) => faults.push(`${key}@${revision}`),
    );
    assert.equal(failing.make({ key: '/a', value: Buffer.alloc(0), revision: 7n }), undefined);
    assert.deepEqual(faults, ['/a@7']);
  });
});
