import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bell } from './bell.ts';
import { LiveStages } from './live-stages.ts';
import { Slots } from './slots.ts';

test('a ring before the wait is not lost, and rings are one', async () => {
  const bell = new Bell();
  bell.ring();
  bell.ring();
  await bell.wait();
  const waited = performance.now();
  await bell.wait(30);
  assert.ok(performance.now() - waited >= 25);
  setTimeout(() => bell.ring(), 5);
  await bell.wait(10_000);
});

test('slots: the same machine gets the same one, two get two, a full node says so', () => {
  const slots = new Slots('10.127.0.0/28', [['old', 4]]);
  const first = slots.take('a');
  assert.equal(slots.take('a'), first);
  const taken = new Set([4, first]);
  for (let index = 0; taken.size < 13; index += 1) taken.add(slots.take(`m${index}`));
  assert.throws(() => slots.take('one too many'), /all 13 addresses/);
  slots.release('a');
  assert.equal(slots.take('another'), first);
});

test('live stages: a follower gets all and then changes; since moves with the stage only', () => {
  const stages = new LiveStages();
  stages.set('a', 'Preparing');
  const since = stages.get('a')?.since;
  const seen: unknown[] = [];
  const stop = stages.follow((changes) => seen.push(changes));
  stages.set('a', 'Preparing');
  stages.set('a', 'Preparing', 'pulling');
  stages.clear('a');
  stages.clear('a');
  stop();
  stages.set('b', 'Starting');
  assert.deepEqual(seen, [
    { a: { stage: 'Preparing', since } },
    { a: { stage: 'Preparing', message: 'pulling', since } },
    { a: null },
  ]);
});
