import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admissionRequest, machine } from '../testing/requests.ts';
import { compileSelectors } from './selectors.ts';

const namespaceOf = async (name: string) => ({ metadata: { name, labels: { team: 'blue' } } });
const unasked = async () => assert.fail('the namespace is not needed');

test('without selectors everything is selected, and no namespace is looked up', async () => {
  assert.equal(await compileSelectors({}).match(admissionRequest({}), unasked), true);
  assert.equal(await compileSelectors({ namespaceSelector: {} }).match(admissionRequest({}), unasked), true);
});

test('a namespaceSelector looks at the labels of the namespace, and at nothing that is in none', async () => {
  const blue = compileSelectors({ namespaceSelector: { matchLabels: { team: 'blue' } } });
  const red = compileSelectors({ namespaceSelector: { matchLabels: { team: 'red' } } });
  assert.equal(await blue.match(admissionRequest({}), namespaceOf), true);
  assert.equal(await red.match(admissionRequest({}), namespaceOf), false);
  assert.equal(await red.match(admissionRequest({ namespace: '' }), unasked), true);
});

test('an objectSelector looks at the object or the old one', async () => {
  const labelled = machine({ labels: { tier: 'db' } });
  const { match } = compileSelectors({ objectSelector: { matchLabels: { tier: 'db' } } });
  assert.equal(await match(admissionRequest({ object: labelled }), unasked), true);
  assert.equal(await match(admissionRequest({ object: machine(), old: labelled }), unasked), true);
  assert.equal(await match(admissionRequest({ object: undefined, old: labelled }), unasked), true);
  assert.equal(await match(admissionRequest({ object: machine(), old: machine() }), unasked), false);
});
