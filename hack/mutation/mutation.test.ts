import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { titlesOf } from '../checklist/titles.ts';
import { type FileResult, noCounts } from '../test-run.ts';
import { faultsOf, mutated } from './apply.ts';
import type { Mutation } from './mutation.ts';
import { failedByThemselves, verdictOf } from './verdict.ts';

const FILE = 'test/conformance/a.test.ts';
const mutation: Mutation = {
  ids: ['W1'],
  off: 'nothing is sent',
  file: 'a.ts',
  from: 'send(text);',
  to: 'send($&);',
  tests: [FILE],
};
const SOURCE = 'export function act(text: string): void {\n  send(text);\n}\n';
const titles = titlesOf(FILE, "test('W1: it is sent', f);");

describe('a mutation', () => {
  it('replaces its text and nothing else, as it is written', () => {
    assert.equal(mutated({ ...mutation, to: 'send($1);' }, SOURCE), SOURCE.replace('send(text)', 'send($1)'));
  });

  it('is told what to mend when the source has changed', () => {
    for (const [text, why] of [
      ['', /stands 0 times in a\.ts/],
      [SOURCE + SOURCE, /stands 2 times in a\.ts/],
    ] as const) {
      assert.throws(() => mutated(mutation, text), why);
    }
    assert.throws(() => mutated({ ...mutation, to: mutation.from }, SOURCE), /changes nothing/);
    assert.throws(() => mutated({ ...mutation, to: 'send((text;' }, SOURCE), /leaves a\.ts unreadable/);
  });

  it('has faults that are found without running anything', () => {
    const fits = { ...mutation, to: 'send("");' };
    assert.deepEqual(faultsOf(fits, SOURCE, titles), []);
    assert.match(faultsOf(fits, undefined, titles).join(), /a\.ts, which does not exist/);
    assert.match(faultsOf({ ...fits, ids: ['W1', 'W2'] }, SOURCE, titles).join(), /no test of .* names W2/);
    assert.match(faultsOf({ ...fits, tests: ['b.test.ts'] }, SOURCE, titles).join(), /no test of b\.test\.ts names W1/);
    assert.match(faultsOf({ ...fits, ids: [] }, SOURCE, titles).join(), /names no item/);
  });
});

const result = (output: string, trouble = ''): FileResult => ({
  file: FILE,
  passed: false,
  trouble,
  counts: noCounts(),
  milliseconds: 1,
  output,
});
const ok = (title: string) => `    ok 1 - ${title}\n      ---\n      duration_ms: 1\n      ...\n`;
const notOk = (title: string, type: string) =>
  `    not ok 2 - ${title}\n      ---\n      duration_ms: 1\n      failureType: '${type}'\n      error: |-\n        a text\n        \n        not ok 9 - W7: inside of a text\n      ...\n`;

describe('the verdict on a mutation', () => {
  it('V1: a test that names the item failed by itself', () => {
    for (const type of ['testCodeFailure', 'testTimeoutFailure']) {
      const verdict = verdictOf(['W1'], [result(ok('other') + notOk('W1, W2: sent \\# once', type))]);
      assert.deepEqual(verdict, { kind: 'noticed', failed: ['W1, W2: sent # once'] });
    }
  });

  it('V1: a test that was cancelled, or whose set-up failed, is no proof', () => {
    for (const type of ['cancelledByParent', 'hookFailed', 'subtestsFailed']) {
      const verdict = verdictOf(['W1'], [result(ok('other') + notOk('W1: sent', type), 'killed after 300 s')]);
      assert.equal(verdict.kind, 'missed');
      assert.match(verdict.kind === 'missed' ? verdict.why : '', /names W1 has failed .*killed after 300 s/);
    }
  });

  it('V1: another test that failed is no proof, and is told', () => {
    const verdict = verdictOf(['W1', 'W2'], [result(ok('other') + notOk('W2: sent', 'testCodeFailure'))]);
    assert.match(verdict.kind === 'missed' ? verdict.why : '', /names W1 has failed; what failed is: W2: sent/);
  });

  it('V2: where everything fails, nothing is said of the item', () => {
    const verdict = verdictOf(['W1'], [result(notOk('W1: sent', 'testCodeFailure'))]);
    assert.match(verdict.kind === 'missed' ? verdict.why : '', /everything failed/);
  });

  it('reads nothing out of what a failed test printed', () => {
    assert.deepEqual(failedByThemselves(notOk('W1: sent', 'testCodeFailure')), ['W1: sent']);
  });
});
