import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkFieldSelector,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
  requiredFieldValue,
} from './fields.ts';
import { SelectorError } from './labels.ts';

test('operators and several terms', () => {
  assert.deepEqual(parseFieldSelector('a=b,c==d,e!=f'), [
    { path: 'a', equal: true, value: 'b' },
    { path: 'c', equal: true, value: 'd' },
    { path: 'e', equal: false, value: 'f' },
  ]);
  assert.deepEqual(parseFieldSelector(''), []);
  const read = (path: string) => ({ a: 'b', e: '' })[path] ?? '';
  assert.ok(matchesFields(parseFieldSelector('a=b,e!=f'), read));
  assert.ok(matchesFields(parseFieldSelector('e='), read));
  assert.ok(!matchesFields(parseFieldSelector('a!=b'), read));
  assert.equal(requiredFieldValue(parseFieldSelector('x!=1,metadata.name=n'), 'metadata.name'), 'n');
});

test('what cannot be read is refused', () => {
  assert.throws(() => parseFieldSelector('abc'), /invalid selector: 'abc'; can't understand 'abc'/);
  assert.throws(() => parseFieldSelector('a=b=c'), SelectorError);
  assert.throws(() => parseFieldSelector('a=b\\c'), SelectorError);
  assert.throws(
    () => checkFieldSelector(parseFieldSelector('x=1'), ['metadata.name', 'metadata.namespace']),
    /"x" is not a known field selector: only "metadata.name", "metadata.namespace"/,
  );
});

test('property: any value survives writing and reading', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record(
          { path: fc.constantFrom('a', 'metadata.name'), equal: fc.boolean(), value: fc.string() },
          { noNullPrototype: true },
        ),
      ),
      (selector) => {
        assert.deepEqual(parseFieldSelector(formatFieldSelector(selector)), selector);
      },
    ),
  );
});
