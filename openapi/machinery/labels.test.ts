import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatLabelSelector,
  labelMatcher,
  labelSelectorRequirements,
  matchesLabels,
  parseLabelSelector,
  SelectorError,
} from './labels.ts';

const matches = (selector: string, labels: Record<string, string>) =>
  matchesLabels(parseLabelSelector(selector), labels);

test('each operator, with and without the key', () => {
  const cases: [string, Record<string, string>, boolean][] = [
    ['', { a: 'b' }, true],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a=', { a: '' }, true],
    ['a=', {}, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b,c)', {}, false],
    ['a in (,c)', { a: '' }, true],
    ['a notin (b)', {}, true],
    ['a notin (b)', { a: 'b' }, false],
    ['a', { a: 'x' }, true],
    ['a', {}, false],
    ['!a', {}, true],
    ['!a', { a: 'x' }, false],
    ['a>3', { a: '4' }, true],
    ['a>3', { a: '3' }, false],
    ['a<3', { a: '-7' }, true],
    ['a<3', { a: 'x' }, false],
    ['a=b,c=d', { a: 'b', c: 'd' }, true],
    ['a=b,c=d', { a: 'b' }, false],
    [' x.io/a  notin( b , c ) , !d', { d: 'e' }, false],
    ['in in (in,notin)', { in: 'notin' }, true],
    ['a=in', { a: 'in' }, true],
  ];
  for (const [selector, labels, expected] of cases) assert.equal(matches(selector, labels), expected, selector);
});

test('keys of every object are no labels', () => {
  assert.equal(matches('constructor', {}), false);
  assert.equal(matches('!toString', {}), true);
});

test('what cannot be read is refused with the words of Kubernetes', () => {
  const cases: [string, RegExp][] = [
    ['a=b=c', /unable to parse requirement: found '=', expected: ',' or 'end of string'/],
    ['a,', /found '', expected: identifier after ','/],
    ['=a', /found '=', expected: !, identifier, or 'end of string'/],
    ['a b', /found 'b', expected: in, notin, =, ==, !=, gt, lt/],
    ['a in b', /found 'b', expected: '\('/],
    ['a in (b', /expected: ',' or '\)'/],
    ['a in ()', /for 'in', 'notin' operators, values set can't be empty/],
    ['a in (b c)', /found 'c', expected: ',' or '\)'/],
    ['!a=b', /found '=', expected: ',' or 'end of string'/],
    ['!', /found '', expected: identifier/],
    ['a>x', /the value must be an integer/],
    ['a$=b', /key: Invalid value: "a\$"/],
    ['a=b$', /values\[0\]\[a\]: Invalid value: "b\$"/],
    ['a=(', /expected: identifier/],
  ];
  for (const [text, why] of cases) {
    assert.throws(
      () => parseLabelSelector(text),
      (error) => error instanceof SelectorError && why.test(error.message),
      text,
    );
  }
});

test('the object form: null is nothing, empty is everything', () => {
  assert.equal(matchesLabels(labelSelectorRequirements(undefined), {}), false);
  assert.equal(matchesLabels(labelSelectorRequirements({}), {}), true);
  const requirements = labelSelectorRequirements({
    matchLabels: { a: 'b' },
    matchExpressions: [
      { key: 'c', operator: 'NotIn', values: ['d'] },
      { key: 'e', operator: 'Exists' },
      { key: 'f', operator: 'DoesNotExist' },
    ],
  });
  assert.equal(matchesLabels(requirements, { a: 'b', e: '' }), true);
  assert.equal(matchesLabels(requirements, { a: 'b', c: 'd', e: '' }), false);
  assert.throws(
    () => labelSelectorRequirements({ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }),
    SelectorError,
  );
  assert.throws(() => labelSelectorRequirements({ matchExpressions: [{ key: 'a', operator: 'In' }] }), SelectorError);
});

const word = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9])?$/);
const expression = fc.oneof(
  fc.record({
    key: word,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ key: word, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);

test('property: writing and reading a selector keeps what it matches', () => {
  fc.assert(
    fc.property(fc.array(expression, { maxLength: 5 }), fc.dictionary(word, word), (matchExpressions, labels) => {
      const requirements = labelSelectorRequirements({ matchExpressions }) ?? [];
      const text = formatLabelSelector(requirements);
      const again = parseLabelSelector(text);
      assert.equal(formatLabelSelector(again), text);
      assert.equal(matchesLabels(again, labels), matchesLabels(requirements, labels));
    }),
  );
});

test('property: an operator and its negation never agree', () => {
  fc.assert(
    fc.property(word, fc.uniqueArray(word, { minLength: 1 }), fc.dictionary(word, word), (key, values, labels) => {
      const set = values.join(',');
      assert.notEqual(matches(`${key} in (${set})`, labels), matches(`${key} notin (${set})`, labels));
      assert.notEqual(matches(key, labels), matches(`!${key}`, labels));
    }),
  );
});

test('property: any text is read or refused with a SelectorError', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab1 =!(),<>\tin') }), (text) => {
      try {
        parseLabelSelector(text);
      } catch (error) {
        assert.ok(error instanceof SelectorError);
      }
    }),
  );
});

test('a prepared matcher answers as the plain one does', () => {
  for (const text of ['', 'a', '!a', 'a=1', 'a!=1', 'a in (1,2,)', 'a notin (1,2)', 'a>1,a<5', 'toString']) {
    const requirements = parseLabelSelector(text);
    const prepared = labelMatcher(requirements);
    for (const labels of [{}, { a: '' }, { a: '1' }, { a: '3' }, { b: '1' }]) {
      assert.equal(prepared(labels), matchesLabels(requirements, labels), `${text} ${JSON.stringify(labels)}`);
    }
  }
});
