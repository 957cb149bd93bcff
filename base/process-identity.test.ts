import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identifyProcess, isAlive, parseStartTime } from './process-identity.ts';

describe('process identity', () => {
  it('reads the start time also when the name holds spaces and parentheses', () => {
    const rest = ['S', ...Array.from({ length: 18 }, (_, index) => String(index)), '4242', '0'].join(' ');
    assert.deepEqual(parseStartTime(`17 (a ) S (b) ${rest}`), { state: 'S', startTime: '4242' });
    assert.equal(parseStartTime('17 (short) S 1'), undefined);
  });

  it('knows this process and nobody under an impossible number', async () => {
    const self = await identifyProcess(process.pid);
    assert.ok(self);
    assert.equal(await isAlive(self), true);
    assert.equal(await identifyProcess(2 ** 30), undefined);
  });

  it('takes a process of another start or another boot for a stranger', async () => {
    const self = await identifyProcess(process.pid);
    assert.ok(self);
    assert.equal(await isAlive({ ...self, startTime: '1' }), false);
    assert.equal(await isAlive({ ...self, bootId: 'other' }), false);
  });
});
