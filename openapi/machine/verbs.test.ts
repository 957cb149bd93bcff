import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunStrategy, VirtualMachine, VirtualMachineStatus } from '../api.ts';
import { decide } from './power.ts';
import { sampleMachine } from './testing/sample-machine.ts';
import { initialStatus, restart, start, statusAfterStrategyChange, stop, type VerbOutcome } from './verbs.ts';

const now = new Date('2026-03-01T12:00:00Z');
const context = { now, id: 'request-1' };
const onHost: VirtualMachineStatus = { phase: 'Running', nodeName: 'n', bootID: 'one' };
const atRest = (phase: NonNullable<VirtualMachineStatus['phase']>): VirtualMachineStatus => ({
  phase,
  exit: { bootID: 'one' },
});
const machine = (runStrategy: RunStrategy, status: VirtualMachineStatus) => sampleMachine({ runStrategy }, status);

function changed(outcome: VerbOutcome): VirtualMachine {
  assert.equal(outcome.kind, 'changed', outcome.kind === 'refused' ? outcome.message : '');
  return outcome.kind === 'changed' ? outcome.machine : sampleMachine();
}

function refusal(outcome: VerbOutcome): string {
  assert.equal(outcome.kind, 'refused');
  return outcome.kind === 'refused' ? outcome.message : '';
}

test('V1: start makes Halted into Always, stop makes Always and Once into Halted', () => {
  const started = changed(start(machine('Halted', atRest('Stopped')), context));
  assert.equal(started.spec.runStrategy, 'Always');
  assert.equal(started.status?.phase, 'Pending');
  assert.equal(refusal(start(machine('Always', onHost), context)), 'Always does not support manual start requests');
  assert.equal(
    refusal(start(machine('Once', atRest('Failed')), context)),
    'Once does not support manual start requests',
  );
  for (const strategy of ['Always', 'Once'] as const) {
    const stopped = changed(stop(machine(strategy, onHost), context));
    assert.equal(stopped.spec.runStrategy, 'Halted');
    assert.equal(stopped.status?.phase, 'Running');
    assert.equal(stopped.status?.requests, undefined);
    assert.equal(changed(stop(machine(strategy, atRest('Failed')), context)).status?.phase, 'Stopped');
  }
});

test('a grace period for one stop goes with a request', () => {
  const stopped = changed(stop(machine('Always', onHost), context, 5));
  assert.deepEqual(stopped.status?.requests, [
    {
      id: 'request-1',
      action: 'stop',
      args: { bootID: 'one', gracePeriodSeconds: 5 },
      expires: '2026-03-01T12:15:00Z',
    },
  ]);
  assert.equal(changed(stop(machine('Halted', onHost), context, 0)).status?.requests?.length, 1);
  assert.equal(stop(machine('Halted', onHost), context).kind, 'unchanged');
  assert.equal(refusal(stop(machine('Halted', atRest('Stopped')), context, 0)), 'the machine is not running');
});

test('V2: Manual and RerunOnFailure keep their strategy and get a request', () => {
  for (const strategy of ['Manual', 'RerunOnFailure'] as const) {
    const resting = machine(strategy, atRest('Succeeded'));
    const started = changed(start(resting, context));
    assert.equal(started.spec.runStrategy, strategy);
    assert.equal(decide(started, now).want, 'run');
    assert.equal(start(started, { now, id: 'request-2' }).kind, 'unchanged');
    assert.match(refusal(start(machine(strategy, onHost), context)), /already running/);

    const stopped = changed(stop(machine(strategy, onHost), context));
    assert.equal(stopped.spec.runStrategy, strategy);
    assert.equal(decide(stopped, now).want, 'stop');
    assert.equal(stop(stopped, { now, id: 'request-2' }).kind, 'unchanged');
    assert.equal(refusal(stop(resting, context)), 'the machine is not running');

    const both = changed(start(stopped, { now, id: 'request-2' }));
    assert.equal(decide(both, now).want, 'stop');
    const { nodeName: _node, bootID: _boot, ...rest } = both.status ?? {};
    const ended = { ...both, status: { ...rest, ...atRest('Stopped') } };
    assert.equal(decide(ended, now).want, 'run');
  }
});

test('stopping a machine that is about to start keeps it from starting', () => {
  const crashed = changed(stop(machine('RerunOnFailure', atRest('Failed')), context));
  assert.equal(crashed.status?.phase, 'Stopped');
  assert.equal(decide(crashed, now).want, 'stop');
  const asked = changed(start(machine('Manual', atRest('Stopped')), context));
  const taken = changed(stop(asked, { now, id: 'request-2' }));
  assert.equal(taken.status?.requests, undefined);
  assert.equal(decide(taken, now).want, 'stop');
});

test('RerunOnFailure starts a failed machine by itself', () => {
  assert.match(refusal(start(machine('RerunOnFailure', atRest('Failed')), context)), /starts by itself/);
  assert.equal(start(machine('RerunOnFailure', { phase: 'Pending' }), context).kind, 'unchanged');
});

test('restart needs a running machine that may run again', () => {
  for (const strategy of ['Halted', 'Once'] as const) {
    const text = `${strategy} does not support manual restart requests`;
    assert.equal(refusal(restart(machine(strategy, onHost), context)), text);
  }
  for (const strategy of ['Always', 'Manual', 'RerunOnFailure'] as const) {
    assert.equal(refusal(restart(machine(strategy, atRest('Stopped')), context)), 'the machine is not running');
    const asked = changed(restart(machine(strategy, onHost), context, 0));
    assert.deepEqual(asked.status?.requests?.[0]?.args, { bootID: 'one', gracePeriodSeconds: 0 });
    assert.equal(decide(asked, now).want, 'stop');
    assert.equal(restart(asked, { now, id: 'request-2' }).kind, 'unchanged');
    assert.equal(changed(restart(asked, { now, id: 'request-2' }, 5)).status?.requests?.length, 2);
  }
});

test('nothing is started or restarted that is being deleted', () => {
  const going = machine('Manual', onHost);
  going.metadata.deletionTimestamp = '2026-03-01T11:00:00Z';
  assert.match(refusal(start(going, context)), /being deleted/);
  assert.match(refusal(restart(going, context)), /being deleted/);
});

test('a key that is here already adds nothing, and eight requests are the most', () => {
  const keyed = { ...context, idempotencyKey: 'k' };
  const once = changed(restart(machine('Always', onHost), keyed, 5));
  assert.equal(restart(once, { ...keyed, id: 'request-2' }, 5).kind, 'unchanged');
  let full = once;
  for (let count = 2; count <= 8; count += 1) full = changed(restart(full, { now, id: `request-${count}` }, count));
  assert.match(refusal(restart(full, { now, id: 'request-9' }, 9)), /8 requests are waiting already/);
});

test('nothing is changed in place', () => {
  const running = machine('Always', onHost);
  const copy = structuredClone(running);
  restart(running, context, 5);
  stop(running, context, 5);
  assert.deepEqual(running, copy);
});

test('a change of strategy at rest is a new life or the end of one', () => {
  const after = (from: RunStrategy, to: RunStrategy, status: VirtualMachineStatus) =>
    statusAfterStrategyChange(status, from, to, now).phase;
  assert.equal(after('Halted', 'Once', { phase: 'Stopped' }), 'Pending');
  assert.equal(after('Halted', 'Manual', { phase: 'Stopped' }), 'Stopped');
  assert.equal(after('Manual', 'RerunOnFailure', { phase: 'Succeeded' }), 'Pending');
  assert.equal(after('Always', 'RerunOnFailure', { phase: 'Failed' }), 'Failed');
  assert.equal(after('Once', 'Halted', { phase: 'Failed' }), 'Stopped');
  assert.equal(after('Always', 'Halted', onHost), 'Running');
  const crashing = { phase: 'Stopped', startFailureCount: 3, nextStartTime: '2026-03-01T12:04:00Z' } as const;
  const fresh = statusAfterStrategyChange(crashing, 'Halted', 'Always', now);
  assert.deepEqual([fresh.startFailureCount, fresh.nextStartTime], [undefined, undefined]);
  const halted = statusAfterStrategyChange({ ...crashing, phase: 'Pending' }, 'Always', 'Halted', now);
  assert.deepEqual([halted.phase, halted.startFailureCount, halted.nextStartTime], ['Stopped', undefined, undefined]);
});

test('the first status', () => {
  const phases = (['Always', 'RerunOnFailure', 'Once', 'Manual', 'Halted'] as const).map(
    (runStrategy) => initialStatus(sampleMachine({ runStrategy }), now).phase,
  );
  assert.deepEqual(phases, ['Pending', 'Pending', 'Pending', 'Stopped', 'Stopped']);
});
