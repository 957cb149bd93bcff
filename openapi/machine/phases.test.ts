import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachinePhase } from '../api.ts';
import { definitions } from '../schema/definitions.ts';
import { allPhases, enterPhase, followers, isAtRest, isLegalTransition, transitionError } from './phases.ts';

test('the table and the documents know the same phases', () => {
  const documented = definitions['dev.torpor.v1alpha1.VirtualMachineStatus']?.properties?.phase?.enum;
  assert.deepEqual([...allPhases].sort(), [...(documented ?? [])].sort());
});

test('every phase can be left and reached, and every step has a reason', () => {
  const reached = new Set<string>();
  for (const from of allPhases) {
    const next = Object.entries(followers(from));
    assert.ok(next.length > 0, from);
    for (const [to, why] of next) {
      assert.notEqual(to, from);
      assert.ok(why.length > 5);
      reached.add(to);
    }
  }
  assert.deepEqual([...reached].sort(), [...allPhases].sort());
});

test('from every phase a machine can come to rest, and from rest it can run', () => {
  const reachable = (start: MachinePhase) => {
    const seen = new Set<MachinePhase>([start]);
    for (const phase of seen) for (const next of Object.keys(followers(phase))) seen.add(next as MachinePhase);
    return seen;
  };
  for (const phase of allPhases) {
    assert.ok(reachable(phase).has('Stopped'), phase);
    assert.ok(reachable(phase).has('Running'), phase);
  }
});

test('steps over live values are legal, nonsense is refused with what is possible', () => {
  assert.ok(isLegalTransition('Preparing', 'Running'));
  assert.ok(isLegalTransition('Running', 'Stopped'));
  assert.ok(isLegalTransition('Running', 'Running'));
  assert.ok(isLegalTransition(undefined, 'Pending'));
  assert.equal(transitionError('Pending', 'Preparing'), undefined);
  assert.equal(
    transitionError('Stopped', 'Paused'),
    'a machine that is Stopped cannot become Paused; it can become Pending (it is to run again), Scheduling (it is to run again and no host has been found yet), Preparing (it was bound to a host again)',
  );
  assert.match(transitionError(undefined, 'Running') ?? '', /a new machine is Pending or Stopped/);
});

test('at rest means that no host holds anything', () => {
  const rest = allPhases.filter(isAtRest);
  assert.deepEqual(rest, ['Pending', 'Scheduling', 'Stopped', 'Succeeded', 'Failed']);
  assert.ok(isAtRest(undefined));
});

test('entering a phase notes the moment once', () => {
  const first = enterPhase({}, 'Pending', new Date('2026-03-01T12:00:00.900Z'), { reason: 'New', message: 'm' });
  assert.deepEqual(first, {
    phase: 'Pending',
    reason: 'New',
    message: 'm',
    phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: '2026-03-01T12:00:00Z' }],
  });
  const same = enterPhase(first, 'Pending', new Date('2026-03-01T13:00:00Z'));
  assert.deepEqual(same, { phase: 'Pending', phaseTransitionTimestamps: first.phaseTransitionTimestamps });
  const running = enterPhase(same, 'Running', new Date('2026-03-01T14:00:00Z'));
  const again = enterPhase(running, 'Pending', new Date('2026-03-01T15:00:00Z'));
  assert.deepEqual(again.phaseTransitionTimestamps, [
    { phase: 'Running', phaseTransitionTimestamp: '2026-03-01T14:00:00Z' },
    { phase: 'Pending', phaseTransitionTimestamp: '2026-03-01T15:00:00Z' },
  ]);
});
