import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Backoff, backoffDelay, retry, sleep } from './backoff.ts';

describe('backoff', () => {
  it('B1 grows by the factor up to the maximum and takes jitter only away', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 500, random: () => 0 });
    assert.deepEqual([backoff.next(), backoff.next(), backoff.next(), backoff.next()], [100, 200, 400, 500]);
    assert.equal(backoffDelay({ initialMs: 100, maxMs: 500, jitter: 0.5, random: () => 0.999999 }, 0), 50);
  });

  it('B1 holds its bounds for any numbers, also after a thousand failures', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.nat(1000),
        (initialMs, maxMs, failures) => {
          const ms = backoffDelay({ initialMs, maxMs }, failures);
          const full = Math.min(maxMs, initialMs * 2 ** failures);
          assert.ok(ms <= full && ms >= Math.floor(full * 0.7), `${ms} outside of ${full * 0.7}..${full}`);
        },
      ),
    );
  });

  it('B2 starts again after a reset', () => {
    const backoff = new Backoff({ initialMs: 10, maxMs: 500, jitter: 0 });
    backoff.next();
    backoff.next();
    assert.equal(backoff.failures, 2);
    backoff.reset();
    assert.equal(backoff.next(), 10);
  });

  it('B3 ends a wait at once with the reason of the abort', async () => {
    const controller = new AbortController();
    const reason = new Error('stopping');
    const waiting = sleep(60_000, controller.signal);
    controller.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
    await assert.rejects(sleep(60_000, controller.signal), (error) => error === reason);
  });

  it('retries until success and passes the attempt number', async () => {
    const attempts: number[] = [];
    const answer = await retry(
      async (attempt) => {
        attempts.push(attempt);
        if (attempt < 3) throw new Error('not yet');
        return 'done';
      },
      { initialMs: 1, maxMs: 2 },
    );
    assert.equal(answer, 'done');
    assert.deepEqual(attempts, [0, 1, 2, 3]);
  });

  it('stops retrying on a final error and on an abort', async () => {
    const final = new Error('final');
    await assert.rejects(
      retry(() => Promise.reject(final), { initialMs: 1, maxMs: 1, giveUp: (error) => error === final }),
      (error) => error === final,
    );
    const controller = new AbortController();
    const reason = new Error('stop');
    await assert.rejects(
      retry(
        async () => {
          controller.abort(reason);
          throw new Error('other');
        },
        { initialMs: 1, maxMs: 1, signal: controller.signal },
      ),
      (error) => error === reason,
    );
  });
});
