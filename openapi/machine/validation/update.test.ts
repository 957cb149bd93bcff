import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine, VirtualMachineStatus } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleMachine } from '../testing/sample-machine.ts';
import { statusUpdateErrors } from './status.ts';
import { updateErrors } from './update.ts';

const onHost: VirtualMachineStatus = { phase: 'Running', nodeName: 'node-1', bootID: 'one' };
const change = (status: VirtualMachineStatus, edit: (machine: VirtualMachine) => void) => {
  const old = sampleMachine({}, status);
  const machine = structuredClone(old);
  edit(machine);
  return updateErrors(machine, old).map(fieldErrorText);
};
const why = 'may not change while the machine is on host "node-1"; stop the machine first';

test('on a host the hardware stays; off it everything may change', () => {
  const grow = (machine: VirtualMachine) => {
    machine.spec.domain.memory = { guest: '1Gi', backing: 'Memory' };
  };
  assert.deepEqual(change({ phase: 'Stopped' }, grow), []);
  assert.deepEqual(change(onHost, grow), [`spec.domain.memory.guest: Forbidden: ${why}`]);
  assert.deepEqual(
    change(onHost, (machine) => machine.spec.volumes?.pop()),
    [`spec.volumes: Forbidden: ${why}`],
  );
  assert.deepEqual(
    change(onHost, (machine) => {
      const [first] = machine.spec.volumes ?? [];
      if (first) first.registryDisk = { image: 'debian:13', imagePullPolicy: 'IfNotPresent' };
    }),
    [`spec.volumes[0].registryDisk.image: Forbidden: ${why}`],
  );
});

test('what concerns the next placement or the way to stop may change at any time', () => {
  const edit = ({ spec }: VirtualMachine) => {
    spec.runStrategy = 'Halted';
    spec.terminationGracePeriodSeconds = 5;
    spec.nodeSelector = { a: 'b' };
    spec.idle = { after: '1m' };
  };
  assert.deepEqual(change(onHost, edit), []);
  assert.deepEqual(
    change(onHost, () => {}),
    [],
  );
});

test('a default that came into being after the machine was stored is no change', () => {
  const old = sampleMachine({}, onHost);
  const machine = structuredClone(old);
  delete old.spec.domain.cpu;
  delete old.spec.domain.machine;
  assert.deepEqual(updateErrors(machine, old), []);
});

const statusChange = (before: VirtualMachineStatus, after: VirtualMachineStatus) =>
  statusUpdateErrors(sampleMachine({}, after), sampleMachine({}, before)).map(fieldErrorText);

test('M1: the phase follows the table', () => {
  assert.deepEqual(statusChange({ phase: 'Pending' }, { phase: 'Scheduling' }), []);
  assert.match(statusChange({ phase: 'Stopped' }, { phase: 'Suspended' })[0] ?? '', /^status\.phase: Invalid value/);
  assert.deepEqual(statusChange({ phase: 'Stopped' }, {}), ['status.phase: Required value']);
  assert.deepEqual(statusChange({}, {}), []);
});

test('M2: a host is given by binding only, and taken away with its boot', () => {
  assert.deepEqual(statusChange(onHost, onHost), []);
  assert.deepEqual(statusChange(onHost, { phase: 'Stopped' }), []);
  assert.deepEqual(statusChange({ phase: 'Pending' }, { ...onHost, phase: 'Preparing' }), [
    'status.nodeName: Forbidden: is set by the binding subresource only',
    'status.bootID: Forbidden: is set by the binding subresource only',
  ]);
  assert.deepEqual(statusChange(onHost, { ...onHost, nodeName: 'node-2' }), [
    'status.nodeName: Forbidden: is set by the binding subresource only',
  ]);
  assert.deepEqual(statusChange(onHost, { phase: 'Running', nodeName: 'node-1' }), [
    'status.bootID: Invalid value: "": must be set exactly when status.nodeName is',
  ]);
});
