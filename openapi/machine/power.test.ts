import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MachineRequest, RunStrategy, VirtualMachineStatus } from '../api.ts';
import { allPhases, isAtRest } from './phases.ts';
import { decide, desired, gracePeriodSeconds, startDelay } from './power.ts';
import { sampleMachine } from './testing/sample-machine.ts';

const now = new Date('2026-03-01T12:00:00Z');
const strategies: readonly RunStrategy[] = ['Always', 'RerunOnFailure', 'Once', 'Manual', 'Halted'];
const onHost: VirtualMachineStatus = { phase: 'Running', nodeName: 'n', bootID: 'one' };
const asked = (action: MachineRequest['action'], bootID: string, gracePeriodSeconds?: number): MachineRequest => ({
  id: action,
  action,
  args: { bootID, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) },
});
const want = (runStrategy: RunStrategy, status: VirtualMachineStatus) =>
  desired(sampleMachine({ runStrategy }, status), now);

test('P4: what each strategy wants of a machine at rest', () => {
  const table: Record<RunStrategy, Partial<Record<string, 'run' | 'stop'>>> = {
    Always: { Pending: 'run', Scheduling: 'run', Stopped: 'run', Succeeded: 'run', Failed: 'run' },
    RerunOnFailure: { Pending: 'run', Scheduling: 'run', Stopped: 'stop', Succeeded: 'stop', Failed: 'run' },
    Once: { Pending: 'run', Scheduling: 'run', Stopped: 'stop', Succeeded: 'stop', Failed: 'stop' },
    Manual: { Pending: 'stop', Scheduling: 'stop', Stopped: 'stop', Succeeded: 'stop', Failed: 'stop' },
    Halted: { Pending: 'stop', Scheduling: 'stop', Stopped: 'stop', Succeeded: 'stop', Failed: 'stop' },
  };
  for (const strategy of strategies) {
    for (const phase of allPhases.filter(isAtRest)) {
      assert.equal(want(strategy, { phase, exit: { bootID: 'one' } }), table[strategy][phase], `${strategy} ${phase}`);
    }
  }
});

test('a machine on its host stays there unless it is halted, deleted or asked to go', () => {
  for (const strategy of strategies) {
    assert.equal(want(strategy, onHost), strategy === 'Halted' ? 'stop' : 'run', strategy);
    const deleted = sampleMachine({ runStrategy: strategy }, onHost);
    deleted.metadata.deletionTimestamp = '2026-03-01T11:00:00Z';
    assert.equal(desired(deleted, now), 'stop');
    assert.equal(want(strategy, { ...onHost, requests: [asked('restart', 'one')] }), 'stop');
  }
  assert.equal(want('Manual', { ...onHost, requests: [asked('stop', 'one')] }), 'stop');
  assert.equal(want('RerunOnFailure', { ...onHost, requests: [asked('stop', 'one')] }), 'stop');
});

test('P3: a restart ends its boot, starts the next and leaves that alone', () => {
  for (const strategy of ['Always', 'RerunOnFailure', 'Manual'] as const) {
    const requests = [asked('restart', 'one')];
    assert.equal(want(strategy, { ...onHost, requests }), 'stop');
    assert.equal(want(strategy, { phase: 'Stopped', exit: { bootID: 'one' }, requests }), 'run');
    assert.equal(want(strategy, { ...onHost, bootID: 'two', requests }), 'run');
  }
  const manual = { phase: 'Failed', exit: { bootID: 'two' }, requests: [asked('restart', 'one')] } as const;
  assert.equal(want('Manual', { ...manual, requests: [...manual.requests] }), 'stop', 'one restart is one try');
});

test('a start request runs a machine that waits for one, after a stop that came before', () => {
  for (const strategy of ['RerunOnFailure', 'Manual'] as const) {
    const requests = [asked('stop', 'one'), asked('start', 'one')];
    assert.equal(want(strategy, { ...onHost, requests }), 'stop');
    assert.equal(want(strategy, { phase: 'Stopped', exit: { bootID: 'one' }, requests }), 'run');
  }
});

test('P1, P2: deletion and Halted are stronger than any request', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...strategies),
      fc.constantFrom(...allPhases),
      fc.boolean(),
      fc.array(fc.constantFrom(asked('start', ''), asked('restart', 'one'), asked('stop', 'one'))),
      (runStrategy, phase, hosted, requests) => {
        const status: VirtualMachineStatus = { phase, requests, ...(hosted ? { nodeName: 'n', bootID: 'one' } : {}) };
        assert.equal(want('Halted', status), 'stop');
        const machine = sampleMachine({ runStrategy }, status);
        assert.ok(decide(machine, now).why.length > 0);
        machine.metadata.deletionTimestamp = '2026-03-01T11:00:00Z';
        assert.equal(desired(machine, now), 'stop');
      },
    ),
  );
});

test("the grace period is the request's, else the spec's", () => {
  const machine = (status: VirtualMachineStatus) => sampleMachine({ terminationGracePeriodSeconds: 60 }, status);
  assert.equal(gracePeriodSeconds(machine(onHost), now), 60);
  assert.equal(gracePeriodSeconds(sampleMachine({}, onHost), now), 30);
  assert.equal(gracePeriodSeconds(machine({ ...onHost, requests: [asked('stop', 'one', 5)] }), now), 5);
  assert.equal(gracePeriodSeconds(machine({ ...onHost, requests: [asked('restart', 'one', 0)] }), now), 0);
  assert.equal(gracePeriodSeconds(machine({ ...onHost, requests: [asked('stop', 'older', 5)] }), now), 60);
});

test('the delay before the next start grows to 300 s', () => {
  assert.equal(startDelay(0, 0.5), 0);
  assert.deepEqual(
    [1, 2, 3, 5, 6, 100].map((count) => startDelay(count, 0)),
    [10_000, 40_000, 90_000, 250_000, 300_000, 300_000],
  );
  assert.equal(startDelay(1, 0.999), 14_995);
  assert.equal(startDelay(5, 0.999), 300_000);
});
