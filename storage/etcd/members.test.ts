import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Members } from './members.ts';

describe('members of etcd', () => {
  it('M1: one that failed rests, longer each time, and is then tried by one call', () => {
    let now = 0;
    const members = new Members(['a', 'b'], () => now);
    members.failed('a');
    assert.deepEqual([members.admits('a'), members.admits('b')], [false, true]);
    assert.equal(members.pick(), 'b');
    now = 500;
    assert.deepEqual([members.admits('a'), members.admits('a')], [true, false]);
    members.failed('a');
    now = 1_499;
    assert.equal(members.admits('a'), false);
    now = 1_500;
    assert.equal(members.admits('a'), true);
    members.answered('a');
    assert.deepEqual([members.admits('a'), members.admits('a')], [true, true]);
    for (let i = 0; i < 50; i += 1) members.failed('a');
    now += 15_000;
    assert.equal(members.admits('a'), true);
  });

  it('M2: when all rest, all are asked', () => {
    const members = new Members(['a', 'b'], () => 0);
    members.failed('a');
    members.failed('b');
    assert.deepEqual([members.admits('a'), members.admits('b')], [true, true]);
    assert.match(members.pick(), /^[ab]$/);
  });
});
