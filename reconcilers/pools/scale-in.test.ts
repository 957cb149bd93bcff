import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstToGo } from './scale-in.ts';
import { owned, running } from './testing/samples.ts';

const at = (second: number) => ({ creationTimestamp: `2026-01-01T00:00:0${second}Z` });
const machines = [
  owned('running-new', at(9), running),
  owned('booting', at(1), { phase: 'Preparing', nodeName: 'node-a' }),
  owned('running-old', at(1), running),
  owned('waiting-old', at(1), { phase: 'Pending' }),
  owned('waiting-new', at(5), { phase: 'Pending' }),
  owned('running-also-new', at(9), running),
];
const names = (count: number, of = machines) => firstToGo(of, count).map(({ metadata }) => metadata.name);

test('without a host first, then not running, then the newest', () => {
  const order = ['waiting-new', 'waiting-old', 'booting', 'running-also-new', 'running-new', 'running-old'];
  assert.deepEqual(names(6), order);
  assert.deepEqual(names(6, machines.toReversed()), order);
  assert.deepEqual(names(2), order.slice(0, 2));
});

test('no more than there are, and none for none', () => {
  assert.equal(names(99).length, 6);
  assert.deepEqual(names(0), []);
  assert.deepEqual(names(-1), []);
});
