import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VirtualMachine, VirtualMachineSpec } from '../api.ts';
import { fieldErrorText } from '../machinery/errors.ts';
import { schemaFor } from '../schema/schema.ts';
import { validObject } from '../schema/testing/valid.ts';
import { sampleMachine } from './testing/sample-machine.ts';
import { validateMachine } from './validate.ts';

const texts = (spec: Partial<VirtualMachineSpec>) => validateMachine(sampleMachine(spec)).map(fieldErrorText);

test('the sample is in order', () => {
  assert.deepEqual(texts({}), []);
});

test('host name and idle policy', () => {
  assert.match(
    texts({ hostname: 'Web' })[0] ?? '',
    /^spec\.hostname: Invalid value: "Web": a lowercase RFC 1123 label/,
  );
  assert.deepEqual(texts({ idle: { after: '500ms' } }), [
    'spec.idle.after: Invalid value: "500ms": must be at least 1s',
  ]);
  assert.deepEqual(texts({ idle: { after: '1s' } }), []);
});

test('several faults are all reported', () => {
  const found = texts({
    hostname: '-',
    domain: { memory: { guest: '0' }, devices: { disks: [{ name: 'gone' }] } },
    volumes: [{ name: 'empty' }],
  });
  assert.deepEqual(
    found.map((text) => text.slice(0, text.indexOf(': '))),
    ['spec.hostname', 'spec.domain.memory.guest', 'spec.domain.devices.disks[0].name', 'spec.volumes[0]'],
  );
});

test('for any object whose form is right, every rule is gone through without an exception', () => {
  const definition = 'dev.torpor.v1alpha1.VirtualMachine';
  const schema = schemaFor('torpor.dev', 'v1alpha1', 'VirtualMachine');
  assert.ok(schema);
  fc.assert(
    fc.property(validObject(definition), (value) => {
      const machine = value as VirtualMachine;
      schema.default(machine);
      assert.deepEqual(schema.validate(machine).map(fieldErrorText), []);
      for (const error of validateMachine(machine)) assert.match(fieldErrorText(error), /^spec[.[]?.*: \w/);
    }),
    { numRuns: 500 },
  );
});
