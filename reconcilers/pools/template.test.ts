import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine } from '../../openapi/api.ts';
import { sampleMachine } from '../../openapi/machine/testing/sample-machine.ts';
import { validateMachine } from '../../openapi/machine/validate.ts';
import { generateName, subdomainErrors } from '../../openapi/machinery/names.ts';
import { machineFrom, namePrefix, TEMPLATE_HASH, templateHash } from './template.ts';
import { samplePool } from './testing/samples.ts';

test('a machine is the template with name, owner and the mark of the template', () => {
  const pool = samplePool({
    template: { metadata: { labels: { app: 'web' }, annotations: { note: 'x' } }, spec: sampleMachine().spec },
  });
  const machine: VirtualMachine = machineFrom(pool, 'web-abcde');
  assert.deepEqual(machine.metadata, {
    name: 'web-abcde',
    generateName: 'web-',
    namespace: 'default',
    labels: { app: 'web', [TEMPLATE_HASH]: templateHash(pool.spec.template) },
    annotations: { note: 'x' },
    ownerReferences: [
      {
        apiVersion: 'torpor.dev/v1alpha1',
        kind: 'VirtualMachinePool',
        name: 'web',
        uid: 'pool-uid',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
  assert.deepEqual(validateMachine(machine), []);
});

test('names of long pools are names of machines', () => {
  for (const name of ['a'.repeat(253), `${'a'.repeat(56)}.b`, `${'a'.repeat(55)}-.-b`, 'web']) {
    const drawn = generateName(namePrefix(samplePool({}, { name })));
    assert.ok(drawn.length <= 63, drawn);
    assert.deepEqual(subdomainErrors(drawn), [], drawn);
  }
});

test('the hash says the same for the same, in whatever order, and another thing for another', () => {
  const { spec } = sampleMachine();
  const turned = Object.fromEntries(Object.entries(spec).reverse()) as typeof spec;
  const hash = templateHash({ spec, metadata: { labels: { a: '1', b: '2' } } });
  assert.equal(templateHash({ metadata: { labels: { b: '2', a: '1' } }, spec: turned }), hash);
  assert.notEqual(templateHash({ spec, metadata: { labels: { a: '1', b: '3' } } }), hash);
  assert.match(hash, /^[0-9a-f]{10}$/);
});
