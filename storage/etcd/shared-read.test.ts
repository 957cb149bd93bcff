import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedRead } from './shared-read.ts';

function controlled() {
  const ends: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const shared = new SharedRead<number>(
    () =>
      new Promise((resolve, reject) => {
        ends.push({ resolve, reject });
      }),
  );
  return { shared, ends };
}

describe('a shared read', () => {
  it('R1, R2: those who come while a read is under way share the next one', async () => {
    const { shared, ends } = controlled();
    const first = shared.get();
    const others = [shared.get(), shared.get(), shared.get()];
    assert.equal(ends.length, 1);
    ends[0]?.resolve(1);
    assert.equal(await first, 1);
    await Promise.resolve();
    assert.equal(ends.length, 2);
    const third = shared.get();
    ends[1]?.resolve(2);
    assert.deepEqual(await Promise.all(others), [2, 2, 2]);
    ends[2]?.resolve(3);
    assert.equal(await third, 3);
    const fourth = shared.get();
    ends[3]?.resolve(4);
    assert.equal(await fourth, 4);
    assert.equal(ends.length, 4);
  });

  it('a failed read fails those who share it and nobody else', async () => {
    const { shared, ends } = controlled();
    const first = assert.rejects(shared.get(), /gone/);
    const second = shared.get();
    ends[0]?.reject(new Error('gone'));
    await first;
    ends[1]?.resolve(2);
    assert.equal(await second, 2);
  });
});
