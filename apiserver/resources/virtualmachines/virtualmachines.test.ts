import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine, VirtualMachineStatus } from '../../../openapi/api.ts';
import { sampleMachine } from '../../../openapi/machine/testing/sample-machine.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { MemoryStore } from '../../../storage/memory/memory-store.ts';
import type { WriteContext } from '../../registry/resource.ts';
import { MACHINE_FINALIZER, virtualMachineStrategy } from './strategy.ts';
import { virtualMachineTable } from './table.ts';

const now = new Date('2026-01-01T00:00:00Z');
const context = { warnings: [] as string[] } as unknown as WriteContext;
const strategy = virtualMachineStrategy({
  store: new MemoryStore(),
  now: () => now,
  hostOf: async () => undefined,
  mergeLive: () => undefined,
});
const asObject = (machine: VirtualMachine) => machine as unknown as KubernetesObject;
const row = (machine: VirtualMachine) => virtualMachineTable.cells(asObject(machine), now);
const withStatus = (status: VirtualMachineStatus) => sampleMachine({}, status);

test('a new machine is kept by the finalizer and begins as its run strategy says', () => {
  for (const [runStrategy, phase] of [
    ['Always', 'Pending'],
    ['Once', 'Pending'],
    ['Halted', 'Stopped'],
    ['Manual', 'Stopped'],
  ] as const) {
    const object = asObject(sampleMachine({ runStrategy }));
    object.metadata.finalizers = ['a.b/c', MACHINE_FINALIZER];
    strategy.prepareForCreate?.(object, context);
    assert.deepEqual(object.metadata.finalizers, ['a.b/c', MACHINE_FINALIZER]);
    assert.equal((object.status as VirtualMachineStatus).phase, phase);
  }
});

test('a manifest that replaces a machine does not take its finalizer away; after the deletion has begun a person may', () => {
  const old = asObject(sampleMachine());
  old.metadata.finalizers = [MACHINE_FINALIZER];
  const replaced = asObject(sampleMachine());
  strategy.prepareForUpdate?.(replaced, old, context);
  assert.deepEqual(replaced.metadata.finalizers, [MACHINE_FINALIZER]);
  const going = { ...old, metadata: { ...old.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const forced = asObject(sampleMachine());
  strategy.prepareForUpdate?.(forced, going, context);
  assert.equal(forced.metadata.finalizers, undefined);
});

test('fields that have no effect yet are told of when the spec is written, once for each text', () => {
  const warned = (write: (context: WriteContext) => void): readonly string[] => {
    const own = { warnings: [] as string[] } as unknown as WriteContext;
    write(own);
    return own.warnings;
  };
  const idle = () => asObject(sampleMachine({ idle: { after: '5m' } } as never));
  const text = /^spec\.idle is kept and has no effect: /;
  const [created = '', ...more] = warned((own) => strategy.prepareForCreate?.(idle(), own));
  assert.match(created, text);
  assert.deepEqual(more, []);
  const [updated = ''] = warned((own) => strategy.prepareForUpdate?.(idle(), asObject(sampleMachine()), own));
  assert.match(updated, text);
  const labelled = idle();
  labelled.metadata.labels = { a: 'b' };
  assert.deepEqual(
    warned((own) => strategy.prepareForUpdate?.(labelled, idle(), own)),
    [],
  );
});

test('live values are dropped from every write of status', () => {
  const object = asObject(withStatus({ phase: 'Running', live: { stage: 'x' } }));
  strategy.prepareForStatusUpdate?.(object, object, context);
  assert.deepEqual(object.status, { phase: 'Running' });
});

test('the row of a machine: what it does now, and why', () => {
  const running = withStatus({
    phase: 'Running',
    nodeName: 'n1',
    conditions: [
      { type: 'Running', status: 'True', reason: 'r', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
    interfaces: [{ name: 'default' }, { name: 'other', ipAddress: '10.127.0.5' }],
  });
  running.metadata.creationTimestamp = '2025-12-31T23:00:00Z';
  assert.deepEqual(row(running), [
    'web',
    'Running',
    'True',
    'n1',
    '10.127.0.5',
    '60m',
    1,
    '512Mi',
    'Always',
    'registry.example/debian:12',
    '',
  ]);
  const pulling = withStatus({ phase: 'Preparing', live: { stage: 'PullingImage', message: '40 %' } });
  assert.equal(row(pulling)[1], 'PullingImage');
  assert.equal(row(pulling)[10], '40 %');
  const broken = withStatus({
    phase: 'Preparing',
    conditions: [
      { type: 'VolumesReady', status: 'False', reason: 'r', message: 'no such image', lastTransitionTime: '' },
    ],
  });
  assert.equal(row(broken)[10], 'no such image');
  const going = withStatus({ phase: 'Stopping' });
  going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  assert.equal(row(going)[1], 'Terminating');
});

test('the columns and the cells are as many', () => {
  assert.equal(row(sampleMachine()).length, virtualMachineTable.columns.length);
});

test('who waits is told where it hangs', () => {
  const { progress } = strategy;
  assert.equal(progress?.explain(asObject(sampleMachine())), 'it is Pending');
  const stuck = withStatus({ phase: 'Preparing', message: 'trying', live: { stage: 'PullingImage', message: '40 %' } });
  assert.equal(progress?.explain(asObject(stuck)), 'it is Preparing (PullingImage: 40 %; trying)');
});
