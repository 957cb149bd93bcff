import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { built, declined, fact, type Item, open } from '../../test/conformance/checklist/item.ts';
import { testsOf } from '../test-run.ts';
import { mistakes } from './mistakes.ts';
import { page, rowsOf } from './page.ts';
import { idsOf, titlesOf } from './titles.ts';

const items = new Map<string, Item>([
  ['D1', fact('what the aggregator sends')],
  ['D2', built('answers | it')],
  ['W1', open],
  ['W2', declined('a second way', 'docs/decisions/0001-x.md')],
]);
const FILE = 'test/conformance/a.test.ts';
// biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a suite, whose title is composed when it runs
const SUITE = "test('D2: says `a|b` [c]', f); t.test(`W1, D2: ${kubectl} works`, f); it('plain', f);";
const ran = [
  { file: FILE, title: 'D2: says `a|b` [c]', passed: true },
  { file: FILE, title: 'W1, D2: kubectl 1.20 works', passed: true },
];

describe('the page of the checklist', () => {
  it('reads ids only from the start of a title', () => {
    assert.deepEqual(idsOf('W10, W11: text'), ['W10', 'W11']);
    for (const title of ['text (W1)', 'W1 text', 'W1,W2: text', 'w1: text']) assert.deepEqual(idsOf(title), []);
  });

  it('finds literal and composed titles in a suite', () => {
    const titles = titlesOf(FILE, SUITE);
    assert.deepEqual(
      titles.map(({ ids }) => ids),
      [['D2'], ['W1', 'D2']],
    );
    assert.ok(titles[1]?.matches('W1, D2: kubectl 1.36 works'));
    assert.ok(!titles[1]?.matches('W1, D2: kubectl 1.36 fails'));
  });

  it('gives back the titles that were put in, whatever characters they have', () => {
    const rows = rowsOf(page(items, ran));
    assert.deepEqual(
      rows.map(({ id, title, result }) => [id, title, result]),
      [
        ['D2', 'D2: says `a|b` [c]', 'passed'],
        ['D2', 'W1, D2: kubectl 1.20 works', 'passed'],
        ['W1', 'W1, D2: kubectl 1.20 works', 'passed'],
      ],
    );
  });

  it('is in order when every item and every test has its row', () => {
    assert.deepEqual(mistakes(items, titlesOf(FILE, SUITE), page(items, ran)), []);
  });

  it('tells what has no row, no test, no item, a failure, or too many ids', () => {
    const titles = titlesOf(FILE, `${SUITE} test('Q1: no such', f); test('D1, D2, W1, W2: many', f);`);
    const told = mistakes(
      items,
      titles,
      page(new Map([...items].slice(0, 3)), [{ file: FILE, title: 'D1: gone', passed: false }]),
    );
    for (const part of [
      '"Q1: no such" names Q1, which is no item',
      '"D1, D2, W1, W2: many" names 4 items',
      'W2 has no row',
      'D2 is built, and no test names it',
      '"D2: says `a|b` [c]" has no row at D2',
      'row D1: test/conformance/a.test.ts has no test "D1: gone"',
      'row D1: "D1: gone" of test/conformance/a.test.ts has FAILED',
    ])
      assert.ok(
        told.some((line) => line.includes(part)),
        `${part}\nin\n${told.join('\n')}`,
      );
  });

  it('reads results from the runner’s output, escapes undone and skipped ones left out', () => {
    const output = '    ok 1 - D1: a \\# b\n    not ok 2 - D2: c\n    ok 3 - D3: d # SKIP no machine\nok 1 - suite\n';
    assert.deepEqual(testsOf(output), [
      { title: 'D1: a # b', passed: true },
      { title: 'D2: c', passed: false },
      { title: 'suite', passed: true },
    ]);
  });
});
