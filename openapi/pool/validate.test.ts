import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachinePool, VirtualMachinePoolSpec } from '../api.ts';
import { sampleMachine } from '../machine/testing/sample-machine.ts';
import { fieldErrorText } from '../machinery/errors.ts';
import { poolStatusErrors, poolUpdateErrors, validatePool } from './validate.ts';

function pool(spec: Partial<VirtualMachinePoolSpec> = {}, status = {}): VirtualMachinePool {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachinePool',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web', tier: 'front' } }, spec: sampleMachine().spec },
      ...spec,
    },
    status,
  };
}

const fields = (spec: Partial<VirtualMachinePoolSpec>) => validatePool(pool(spec)).map(({ field }) => field);

test('a pool as it should be', () => {
  assert.deepEqual(validatePool(pool()).map(fieldErrorText), []);
});

test('the selector selects something, can be read, and matches the template', () => {
  assert.deepEqual(fields({ selector: {} }), ['spec.selector']);
  assert.deepEqual(fields({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }), ['spec.selector']);
  assert.deepEqual(fields({ selector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } }), [
    'spec.template.metadata.labels',
  ]);
  const bare = { spec: sampleMachine().spec };
  assert.deepEqual(fields({ template: bare }), ['spec.template.metadata.labels']);
});

test('what is wrong with the machine is told at its place in the template', () => {
  const { spec } = sampleMachine({ hostname: 'no_name' });
  const template = { metadata: { labels: { app: 'web', 'b a d': 'x' }, annotations: { 'a b': '' } }, spec };
  assert.deepEqual(
    [...new Set(fields({ template }))],
    ['spec.template.metadata.labels', 'spec.template.metadata.annotations', 'spec.template.spec.hostname'],
  );
});

test('the selector never changes; the rest may', () => {
  const old = pool();
  assert.deepEqual(poolUpdateErrors(pool({ replicas: 7 }), old), []);
  const other = pool({ selector: { matchLabels: { tier: 'front' } } });
  assert.deepEqual(
    poolUpdateErrors(other, old).map(({ field, detail }) => [field, detail]),
    [['spec.selector', 'field is immutable']],
  );
});

test('parts of the status are not more than the whole', () => {
  assert.deepEqual(poolStatusErrors(pool({}, { replicas: 2, readyReplicas: 2, updatedReplicas: 0 })), []);
  assert.deepEqual(
    poolStatusErrors(pool({}, { readyReplicas: 1, updatedReplicas: 1 })).map(({ field }) => field),
    ['status.readyReplicas', 'status.updatedReplicas'],
  );
});
