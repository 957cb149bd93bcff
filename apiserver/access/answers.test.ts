import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answers } from './answers.ts';

function setup(limit = 10) {
  let now = 0;
  let calls = 0;
  const answers = new Answers<string>(limit, () => now);
  return {
    answers,
    calls: () => calls,
    pass: (ms: number) => {
      now += ms;
    },
    ask: (question: string, answer = question, ttl = 10) =>
      answers.get(
        question,
        async () => {
          calls += 1;
          if (answer === 'fails') throw new Error('no answer');
          return answer;
        },
        () => ttl,
      ),
  };
}

test('C1: an answer counts for its time and is asked for anew after it', async () => {
  const { ask, calls, pass } = setup();
  assert.equal(await ask('a', 'yes'), 'yes');
  pass(9);
  assert.equal(await ask('a', 'no'), 'yes');
  pass(1);
  assert.equal(await ask('a', 'no'), 'no');
  assert.equal(calls(), 2);
  await ask('never kept', 'x', 0);
  await ask('never kept', 'x', 0);
  assert.equal(calls(), 4);
});

test('C2: a failure is not kept', async () => {
  const { ask } = setup();
  await assert.rejects(ask('a', 'fails'), /no answer/);
  assert.equal(await ask('a', 'yes'), 'yes');
});

test('C3: who asks at the same time shares one call, and its failure', async () => {
  const { ask, calls } = setup();
  assert.deepEqual(await Promise.all([ask('a', 'one'), ask('a', 'two'), ask('b')]), ['one', 'one', 'b']);
  assert.equal(calls(), 2);
  const failed = await Promise.allSettled([ask('c', 'fails'), ask('c', 'fine')]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});

test('C4: the oldest answers make room', async () => {
  const { ask, calls } = setup(2);
  for (const question of ['a', 'b', 'c']) await ask(question);
  await ask('c');
  await ask('b');
  assert.equal(calls(), 3);
  await ask('a');
  assert.equal(calls(), 4);
});
