import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSelectorRequirement, Toleration, VirtualMachineSpec } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleMachine } from '../testing/sample-machine.ts';
import { schedulingErrors } from './scheduling.ts';

const texts = (spec: Partial<VirtualMachineSpec>) =>
  schedulingErrors(sampleMachine(spec).spec, 'spec').map(fieldErrorText);
const required = (...matchExpressions: NodeSelectorRequirement[]) =>
  texts({
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
  });
const at =
  'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]';

test('node selectors are labels', () => {
  assert.deepEqual(texts({ nodeSelector: { 'kubernetes.io/hostname': 'node-1' } }), []);
  assert.equal(texts({ nodeSelector: { 'a b': 'c d' } }).length, 2);
  assert.equal(texts({ priorityClassName: 'Not A Name' }).length, 1);
});

test('operators and their values', () => {
  const key = 'zone';
  for (const good of [
    { key, operator: 'In', values: ['a'] },
    { key, operator: 'Exists' },
    { key, operator: 'Gt', values: ['-3'] },
  ] satisfies NodeSelectorRequirement[]) {
    assert.deepEqual(required(good), []);
  }
  assert.deepEqual(required({ key, operator: 'NotIn' }), [
    `${at}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
  ]);
  assert.deepEqual(required({ key, operator: 'DoesNotExist', values: ['a'] }), [
    `${at}.values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
  ]);
  assert.equal(required({ key, operator: 'Lt', values: ['1', '2'] }).length, 1);
  assert.deepEqual(required({ key, operator: 'Lt', values: ['x'] }), [
    `${at}.values[0]: Invalid value: "x": must be an integer`,
  ]);
  assert.equal(required({ key: 'a b', operator: 'Exists' }).length, 1);
});

test('terms', () => {
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } };
  assert.match(texts({ affinity: { nodeAffinity } })[0] ?? '', /must have at least one node selector term/);
  const wish = (matchFields: NodeSelectorRequirement[]) =>
    texts({
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchFields } }],
        },
      },
    });
  assert.deepEqual(wish([{ key: 'metadata.name', operator: 'In', values: ['n'] }]), []);
  assert.match(wish([{ key: 'spec.x', operator: 'In', values: ['n'] }])[0] ?? '', /supported values: "metadata.name"/);
  assert.match(wish([{ key: 'metadata.name', operator: 'Exists' }])[0] ?? '', /supported values: "In", "NotIn"/);
});

test('tolerations', () => {
  const one = (toleration: Toleration) => texts({ tolerations: [toleration] });
  assert.deepEqual(one({ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }), []);
  assert.deepEqual(one({ operator: 'Exists' }), []);
  assert.match(one({})[0] ?? '', /operator must be Exists when `key` is empty/);
  assert.match(one({ key: 'a', operator: 'Exists', value: 'b' })[0] ?? '', /value must be empty/);
  assert.match(one({ key: 'a', value: 'b', tolerationSeconds: 5 })[0] ?? '', /effect must be 'NoExecute'/);
});
