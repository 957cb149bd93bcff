import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { Queue } from './queue.ts';

const queues: Queue[] = [];
afterEach(() => {
  for (const queue of queues.splice(0)) queue.close();
});
function make(options = {}): Queue {
  const queue = new Queue(options);
  queues.push(queue);
  return queue;
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('Q1, Q3: once each, in order', async () => {
  const queue = make();
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  assert.equal(queue.depth, 3);
  assert.deepEqual([await queue.take(), await queue.take(), await queue.take()], ['a', 'b', 'c']);
});

test('Q2: added while worked on, it waits until done', async () => {
  const queue = make();
  queue.add('a');
  assert.equal(await queue.take(), 'a');
  queue.add('a');
  queue.add('a');
  assert.equal(queue.depth, 0);
  queue.done('a');
  assert.equal(queue.depth, 1);
  assert.equal(await queue.take(), 'a');
  queue.done('a');
  assert.equal(queue.depth, 0);
});

test('Q2: a waiting taker counts as working', async () => {
  const queue = make();
  const taken = queue.take();
  queue.add('a');
  queue.add('a');
  assert.equal(await taken, 'a');
  assert.equal(queue.depth, 0);
  queue.done('a');
  assert.equal(await queue.take(), 'a');
});

test('Q4: the earliest delay counts, whatever the order', async () => {
  const queue = make();
  queue.addAfter('late', 60);
  queue.addAfter('a', 5000);
  queue.addAfter('a', 20);
  queue.addAfter('a', 9000);
  assert.equal(queue.delayed, 2);
  const started = performance.now();
  assert.equal(await queue.take(), 'a');
  assert.ok(performance.now() - started >= 18);
  assert.equal(await queue.take(), 'late');
  assert.equal(queue.delayed, 0);
});

test('Q5: failures double the delay of their own key up to the maximum', () => {
  const queue = make({ initialMs: 10, maxMs: 50 });
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => queue.addAfterFailure('a')),
    [10, 20, 40, 50, 50],
  );
  assert.equal(queue.addAfterFailure('b'), 10);
  assert.equal(queue.failures('a'), 5);
  queue.forget('a');
  assert.equal(queue.addAfterFailure('a'), 10);
});

test('Q6: close ends takers and forgets what waits', async () => {
  const queue = make();
  const taken = queue.take();
  queue.addAfter('a', 1);
  queue.close();
  assert.equal(await taken, undefined);
  queue.add('b');
  await pause(5);
  assert.equal(queue.depth, 0);
  assert.equal(await queue.take(), undefined);
});

test('Q7: a delay longer than a timer can be is no busy loop', async () => {
  const queue = make();
  queue.addAfter('a', 2 ** 33);
  await pause(5);
  assert.equal(queue.depth, 0);
  assert.equal(queue.delayed, 1);
});

test('property: against a model, nothing is lost, doubled or worked on twice at once', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), key }),
    fc.record({ do: fc.constant('take' as const) }),
    fc.record({ do: fc.constant('done' as const), key }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const queue = make();
      const waiting: string[] = [];
      const working = new Set<string>();
      const again = new Set<string>();
      for (const one of steps) {
        if (one.do === 'add') {
          queue.add(one.key);
          if (working.has(one.key)) again.add(one.key);
          else if (!waiting.includes(one.key)) waiting.push(one.key);
        } else if (one.do === 'take') {
          if (waiting.length === 0) continue;
          const taken = await queue.take();
          assert.equal(taken, waiting.shift());
          working.add(taken ?? '');
        } else if (working.delete(one.key)) {
          queue.done(one.key);
          if (again.delete(one.key)) waiting.push(one.key);
        }
        assert.equal(queue.depth, waiting.length);
        assert.equal(queue.working, working.size);
      }
    }),
    { numRuns: 200 },
  );
});
