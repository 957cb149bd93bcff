import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine } from '../../openapi/api.ts';
import type { MachineRecord } from '../sandbox/record.ts';
import { endedStatus, preparingStatus, runningStatus, stoppingStatus } from './status.ts';

const now = new Date('2026-03-01T00:00:10Z');
const machine = {
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'VirtualMachine',
  metadata: { name: 'm', namespace: 'd', uid: 'u1', generation: 3 },
  spec: { domain: {}, volumes: [{ name: 'root' }, { name: 'seed' }] },
  status: {
    phase: 'Preparing',
    nodeName: 'n1',
    bootID: 'b2',
    live: { stage: 'Starting' },
    startFailureCount: 2,
    conditions: [
      { type: 'Scheduled', status: 'True', reason: 'Bound', message: '', lastTransitionTime: '2026-03-01T00:00:00Z' },
    ],
    requests: [
      { id: 'old', action: 'restart', args: { bootID: 'b1' } },
      { id: 'new', action: 'restart', args: { bootID: 'b2' } },
    ],
  },
} as unknown as VirtualMachine;
const record: MachineRecord = {
  version: 1,
  namespace: 'd',
  name: 'm',
  uid: 'u1',
  bootID: 'b2',
  slot: 3,
  stage: 'launched',
  machine,
  interfaces: [
    {
      name: 'default',
      tap: 'tap0',
      macAddress: '5e:00:00:00:00:01',
      model: 'virtio',
      mtu: 1500,
      address: '10.127.0.5',
      guestAddress: '10.0.2.2',
    },
  ],
  startedAt: '2026-03-01T00:00:09.123Z',
  timings: { volumes: 10, network: 20, preparing: 21, starting: 40 },
  board: { type: 'pc-q35-7.2', accelerator: 'tcg', qemuVersion: '7.2.22' },
  targets: [{ volume: 'root', target: 'vda' }],
};

test('Running: one write with addresses, targets, timings and conditions; requests of earlier boots are settled', () => {
  const status = runningStatus(machine, record, now);
  assert.equal(status.phase, 'Running');
  assert.deepEqual(status.addresses, ['10.127.0.5']);
  assert.deepEqual(status.interfaces?.[0], {
    name: 'default',
    ipAddress: '10.127.0.5',
    ipAddresses: ['10.127.0.5'],
    guestAddress: '10.0.2.2',
    mac: '5e:00:00:00:00:01',
    infoSource: 'domain',
  });
  assert.deepEqual(status.volumeStatus, [
    { name: 'root', phase: 'Ready', target: 'vda' },
    { name: 'seed', phase: 'Ready' },
  ]);
  assert.deepEqual(status.timings, { volumes: 10, network: 20, preparing: 21, starting: 40, total: 61 });
  assert.deepEqual(
    status.conditions?.map(({ type, status: value }) => `${type}=${value}`),
    ['Scheduled=True', 'VolumesReady=True', 'NetworkReady=True', 'Running=True'],
  );
  assert.deepEqual(
    status.requests?.map(({ id }) => id),
    ['new'],
  );
  assert.equal(status.observedGeneration, 3);
  assert.equal(status.startFailureCount, 2);
  assert.equal('live' in status, false);
});

test('trouble: the condition is False, the phase stays and says why', () => {
  const status = preparingStatus(
    machine,
    [{ type: 'VolumesReady', reason: 'ImageNotFound', message: 'no such image' }],
    ['NetworkReady'],
    now,
  );
  assert.deepEqual([status.phase, status.reason, status.message], ['Preparing', 'ImageNotFound', 'no such image']);
  const condition = status.conditions?.find(({ type }) => type === 'VolumesReady');
  assert.deepEqual([condition?.status, condition?.lastTransitionTime], ['False', '2026-03-01T00:00:10Z']);
  assert.equal(status.conditions?.find(({ type }) => type === 'NetworkReady')?.status, 'True');
});

test('the end: node and boot are let go of, what it was is told, conditions of the boot are gone', () => {
  const end = {
    phase: 'Failed',
    reason: 'HypervisorDied',
    message: 'QEMU ended',
    exitCode: 1,
    lastOutput: 'x',
    finishedAt: '2026-03-01T00:00:10.500Z',
  } as const;
  const status = endedStatus({ ...machine, status: runningStatus(machine, record, now) }, record, end, now);
  assert.deepEqual(
    [status.phase, status.nodeName, status.bootID, status.lastNodeName],
    ['Failed', undefined, undefined, 'n1'],
  );
  assert.deepEqual(status.exit, {
    reason: 'HypervisorDied',
    message: 'QEMU ended',
    exitCode: 1,
    lastOutput: 'x',
    bootID: 'b2',
    startedAt: '2026-03-01T00:00:09Z',
    finishedAt: '2026-03-01T00:00:10Z',
  });
  assert.deepEqual(
    status.conditions?.map(({ type, status: value, reason }) => `${type}=${value} ${reason}`),
    ['Running=False HypervisorDied'],
  );
  assert.deepEqual([status.addresses, status.interfaces, status.volumeStatus], [undefined, undefined, undefined]);
  assert.deepEqual(
    status.requests?.map(({ id }) => id),
    ['new'],
  );
});

test('a stop that can be seen', () => {
  assert.equal(
    stoppingStatus({ ...machine, status: runningStatus(machine, record, now) }, 'it is being deleted', now).phase,
    'Stopping',
  );
});
