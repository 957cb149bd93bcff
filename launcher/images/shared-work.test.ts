import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SharedWork } from './shared-work.ts';

const caller = (signal = new AbortController().signal) => ({ signal, progress: () => {} });

describe('SharedWork', () => {
  test('runs once for all callers of a key, and again afterwards (W1)', async () => {
    const work = new SharedWork<number>(2);
    let runs = 0;
    const once = () =>
      work.join('k', caller(), async () => {
        runs++;
        await delay(10);
        return runs;
      });
    assert.deepEqual(await Promise.all([once(), once(), once()]), [1, 1, 1]);
    assert.equal(await once(), 2);
  });

  test('an error reaches every caller, and does not stay', async () => {
    const work = new SharedWork<number>(1);
    const failing = () =>
      work.join('k', caller(), async () => {
        throw new Error('no');
      });
    for (const result of await Promise.allSettled([failing(), failing()])) assert.equal(result.status, 'rejected');
    assert.equal(await work.join('k', caller(), async () => 1), 1);
  });

  test('is aborted when the last caller has left, not before (W2)', async () => {
    const work = new SharedWork<void>(1);
    let aborted = false;
    const run = async (signal: AbortSignal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted = true;
    };
    const [a, b] = [new AbortController(), new AbortController()];
    const first = work.join('k', caller(a.signal), run);
    const second = work.join('k', caller(b.signal), run);
    a.abort(new Error('a left'));
    await assert.rejects(first, /a left/);
    assert.equal(aborted, false);
    b.abort(new Error('b left'));
    await assert.rejects(second, /b left/);
    await delay(1);
    assert.equal(aborted, true);
  });

  test('a caller that comes while an abandoned run ends gets a run of its own', async () => {
    const work = new SharedWork<string>(2);
    const leaver = new AbortController();
    const first = work.join('k', caller(leaver.signal), async () => {
      await delay(20);
      return 'old';
    });
    leaver.abort(new Error('left'));
    await assert.rejects(first);
    assert.equal(await work.join('k', caller(), async () => 'new'), 'new');
  });

  test('runs at most as many keys at once as allowed, and passes the turn on when a waiting one is given up (W4)', async () => {
    const work = new SharedWork<number>(2);
    let running = 0;
    let most = 0;
    const leaver = new AbortController();
    const task = (key: number, signal?: AbortSignal) =>
      work.join(`k${key}`, caller(signal), async () => {
        most = Math.max(most, ++running);
        await delay(10);
        running--;
        return key;
      });
    const tasks = [task(0), task(1), task(2, leaver.signal), task(3), task(4)];
    leaver.abort(new Error('left'));
    const results = await Promise.allSettled(tasks);
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : 'left')),
      [0, 1, 'left', 3, 4],
    );
    assert.equal(most, 2);
  });

  test('close ends what runs', async () => {
    const work = new SharedWork<void>(1);
    const joined = work.join(
      'k',
      caller(),
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const ended = assert.rejects(joined, /shutting down/);
    await delay(1);
    await work.close();
    await ended;
  });
});
