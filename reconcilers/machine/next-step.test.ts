import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunStrategy, VirtualMachine, VirtualMachineStatus } from '../../openapi/api.ts';
import { abandoned, FINALIZER, nextStep } from './next-step.ts';

const now = new Date('2026-01-01T12:00:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString().replace('.000Z', 'Z');

function machine(status: VirtualMachineStatus, runStrategy: RunStrategy = 'Always', metadata = {}): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web', namespace: 'default', uid: 'u', generation: 3, finalizers: [FINALIZER], ...metadata },
    spec: { runStrategy, domain: {} },
    status,
  };
}
const step = (of: VirtualMachine) => nextStep(of, now, 0);
const ended = (phase: 'Failed' | 'Succeeded', ranSeconds: number | undefined, more: VirtualMachineStatus = {}) => ({
  phase,
  exit: {
    bootID: 'b',
    message: 'QEMU died',
    finishedAt: at(-1),
    ...(ranSeconds === undefined ? {} : { startedAt: at(-1 - ranSeconds) }),
  },
  ...more,
});

test('N4: a new machine is placed without another write', () => {
  assert.deepEqual(step(machine({ phase: 'Pending' })), { kind: 'place' });
  assert.deepEqual(step(machine({})), { kind: 'place' });
});

test('N1: a machine on a host is left alone, also when it is deleted', () => {
  for (const phase of ['Preparing', 'Running', 'Stopping', 'Suspended'] as const) {
    assert.deepEqual(step(machine({ phase, nodeName: 'h' })), { kind: 'nothing' });
    assert.deepEqual(step(machine({ phase, nodeName: 'h' }, 'Always', { deletionTimestamp: at(0) })), {
      kind: 'nothing',
    });
  }
});

test('a deleted machine without a host is released once', () => {
  const deleted = { deletionTimestamp: at(0) };
  for (const phase of ['Pending', 'Stopped', 'Failed'] as const) {
    assert.deepEqual(step(machine({ phase }, 'Always', deleted)), { kind: 'release' });
  }
  assert.deepEqual(step(machine({}, 'Always', { ...deleted, finalizers: ['other'] })), { kind: 'nothing' });
});

test('a machine that is not to run is not left waiting', () => {
  for (const strategy of ['Halted', 'Manual'] as const) {
    const found = step(machine({ phase: 'Pending', startFailureCount: 3, nextStartTime: at(60) }, strategy));
    assert.ok(found.kind === 'write' && found.status.phase === 'Stopped');
    assert.equal(found.status.startFailureCount, undefined);
    assert.equal(found.status.nextStartTime, undefined);
    assert.deepEqual(step(machine({ phase: 'Stopped' }, strategy)), { kind: 'nothing' });
  }
});

test('who is started again after which end', () => {
  const again: Record<RunStrategy, [failed: boolean, succeeded: boolean, stopped: boolean]> = {
    Always: [true, true, true],
    RerunOnFailure: [true, false, false],
    Once: [false, false, false],
    Manual: [false, false, false],
    Halted: [false, false, false],
  };
  for (const [strategy, [failed, succeeded, stopped]] of Object.entries(again) as [
    RunStrategy,
    [boolean, boolean, boolean],
  ][]) {
    const kind = (status: VirtualMachineStatus) => step(machine(status, strategy)).kind;
    assert.equal(kind(ended('Failed', 600)), failed ? 'place' : 'nothing', `${strategy} failed`);
    assert.equal(kind(ended('Succeeded', 600)), succeeded ? 'place' : 'nothing', `${strategy} succeeded`);
    assert.equal(kind({ phase: 'Stopped' }), stopped ? 'place' : 'nothing', `${strategy} stopped`);
  }
});

test('N3: early ends make growing pauses, are counted once, and a long run starts over', () => {
  let status: VirtualMachineStatus = {};
  const pauses: number[] = [];
  for (let i = 0; i < 7; i++) {
    const found = step(machine({ ...status, ...ended('Failed', i % 2 ? 5 : undefined) }));
    assert.ok(found.kind === 'write' && found.warning);
    status = found.status;
    assert.equal(status.phase, 'Pending');
    assert.equal(status.startFailureCount, i + 1);
    assert.equal(status.observedGeneration, 3);
    pauses.push((Date.parse(status.nextStartTime ?? '') - now.getTime()) / 1000);
    assert.deepEqual(step(machine(status)), { kind: 'wait', until: Date.parse(status.nextStartTime ?? '') });
  }
  assert.deepEqual(pauses, [10, 40, 90, 160, 250, 300, 300]);
  assert.match(status.message ?? '', /QEMU died soon after its start, 7 times in a row; it is started again at 2026/);
  const found = step(machine({ ...status, ...ended('Failed', 3600) }));
  assert.ok(found.kind === 'write' && found.status.startFailureCount === undefined && !found.warning);
  assert.deepEqual(step(machine(found.status)), { kind: 'place' });
});

test('N3: without a report of its own, the moments of the phases say how long it ran', () => {
  const moments = (running: number, failed: number, preparing: number): VirtualMachineStatus => ({
    phase: 'Failed',
    phaseTransitionTimestamps: [
      { phase: 'Preparing', phaseTransitionTimestamp: at(preparing) },
      { phase: 'Running', phaseTransitionTimestamp: at(running) },
      { phase: 'Failed', phaseTransitionTimestamp: at(failed) },
    ],
  });
  assert.equal(step(machine(moments(-500, -1, -501))).kind, 'place');
  assert.equal(step(machine(moments(-20, -1, -21))).kind, 'write');
  assert.equal(step(machine(moments(-500, -1, -10))).kind, 'write', 'that run belongs to an earlier boot');
});

test('N2: a pause is kept, unless a start was asked for or the spec changed', () => {
  const waiting: VirtualMachineStatus = {
    phase: 'Pending',
    startFailureCount: 2,
    nextStartTime: at(30),
    observedGeneration: 3,
  };
  assert.equal(step(machine(waiting)).kind, 'wait');
  assert.equal(step(machine({ ...waiting, nextStartTime: at(-1) })).kind, 'place');
  const changed = step(machine(waiting, 'Always', { generation: 4 }));
  assert.ok(changed.kind === 'write' && changed.status.nextStartTime === undefined);
  const requests = [{ id: 'r', action: 'restart' as const, args: { bootID: '' }, expires: at(600) }];
  const asked = step(machine({ ...waiting, requests }));
  assert.ok(asked.kind === 'write' && asked.status.nextStartTime === undefined && asked.status.requests?.length === 1);
  assert.deepEqual(step(machine(asked.status)), { kind: 'place' });
});

test('a start that was asked for overrules the strategy and the end before', () => {
  const requests = [{ id: 'r', action: 'start' as const, args: { bootID: 'b' }, expires: at(600) }];
  assert.deepEqual(step(machine(ended('Failed', 1, { requests }), 'Manual')), { kind: 'place' });
  assert.deepEqual(
    step(
      machine(
        { phase: 'Stopped', requests: [{ ...requests[0], id: 'x', action: 'start', args: { bootID: '' } }] },
        'Manual',
      ),
    ),
    { kind: 'place' },
  );
});

test('a machine whose host was deleted is given up in one status', () => {
  const status = abandoned(machine({ phase: 'Running', nodeName: 'h', bootID: 'b' }), now);
  assert.equal(status.phase, 'Failed');
  assert.equal(status.nodeName, undefined);
  assert.equal(status.bootID, undefined);
  assert.equal(status.lastNodeName, 'h');
  assert.equal(status.exit?.bootID, 'b');
  assert.match(status.message ?? '', /host h was deleted/);
});
