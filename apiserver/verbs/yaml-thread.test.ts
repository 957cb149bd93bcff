import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { YamlThread } from './yaml-thread.ts';

test('Y2: texts are read in their order, with what they are', async () => {
  const thread = new YamlThread();
  const outcomes = await Promise.all(
    ['a: 1\nb: {c: 2, c: 3}', '', 'a: [', '<<: {x: 1}', '"__proto__": {y: 1}'].map((text) => thread.read(text)),
  );
  assert.deepEqual(outcomes[0], { kind: 'json', json: '{"a":1,"b":{"c":3}}', duplicates: ['b.c'] });
  assert.deepEqual(outcomes[1], { kind: 'empty' });
  assert.equal(outcomes[2]?.kind, 'wrong');
  assert.match(JSON.stringify(await thread.read('a: 9007199254740993')), /outside of what can be stored exactly/);
  assert.deepEqual(outcomes[3], { kind: 'json', json: '{"x":1}', duplicates: [] });
  assert.deepEqual(outcomes[4], { kind: 'json', json: '{"__proto__":{"y":1}}', duplicates: [] });
});

test('Y2: more than may wait are told so', async () => {
  const thread = new YamlThread({ mostWaiting: 1 });
  const outcomes = await Promise.all([1, 2, 3].map((number) => thread.read(`a: ${number}`)));
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['json', 'json', 'busy'],
  );
});

test('Y4: a text whose request is over makes room for another', async () => {
  const thread = new YamlThread({ mostWaiting: 1 });
  const request = new AbortController();
  const first = thread.read('a: 1');
  const dropped = thread.read('a: 2', request.signal);
  request.abort();
  assert.match(JSON.stringify(await dropped), /over before its body was read/);
  const next = thread.read('a: 3');
  assert.deepEqual([(await first).kind, (await next).kind], ['json', 'json']);
});

test('Y3: a text that takes too long is refused, and the next one is read', async () => {
  const thread = new YamlThread({ patienceMs: 150 });
  const long = thread.read(`a: [${'[],'.repeat(400_000)}]`);
  const after = thread.read('b: 1');
  assert.match(JSON.stringify(await long), /takes longer than 150 ms/);
  const outcome = await after;
  // A new thread may itself need longer than that to come up.
  assert.ok(outcome.kind === 'json' || /takes longer/.test(JSON.stringify(outcome)));
});

test('Y1: the event loop goes on meanwhile, and an idle thread ends', async () => {
  const thread = new YamlThread({ idleMs: 10 });
  await thread.read('a: 1');
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  await thread.read(`a: [${'{b: c},'.repeat(20_000)}]`);
  delays.disable();
  assert.ok(delays.max < 400e6, `the event loop was held for ${delays.max / 1e6} ms`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await thread.read('a: 1')).kind, 'json');
});
