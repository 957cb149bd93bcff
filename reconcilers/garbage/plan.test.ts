import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiObject, apiVersionOf, type Resource, resources } from '../../openapi/client/resources.ts';
import type { ObjectMeta, OwnerReference } from '../../openapi/machinery/object.ts';
import { FOREGROUND, type Item, ORPHAN, plan } from './plan.ts';

const { virtualMachines, secrets, hosts } = resources;
const kinds: Resource<ApiObject>[] = [virtualMachines, secrets, hosts];
const served = ({ apiVersion, kind }: OwnerReference) =>
  kinds.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);

const owner = (name: string, metadata: ObjectMeta = {}): Item => ({
  resource: virtualMachines,
  metadata: { name, namespace: 'n', uid: name, ...metadata },
});
const reference = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'VirtualMachine',
  name: uid,
  uid,
  ...more,
});
const dependent = (name: string, ownerReferences: OwnerReference[], metadata: ObjectMeta = {}): Item => ({
  resource: secrets,
  metadata: { name, namespace: 'n', uid: name, ownerReferences, ...metadata },
});
const deleted = (finalizer: string): ObjectMeta => ({
  deletionTimestamp: '2026-01-01T00:00:00Z',
  finalizers: [finalizer],
});

function actions(...items: Item[]): string[] {
  return plan(items, served).map((action) => {
    const name = action.item.metadata.name;
    switch (action.kind) {
      case 'delete':
        return `delete ${name} ${action.policy}${action.suspects.map(({ uid }) => ` ?${uid}`).join('')}`;
      case 'drop-owners':
        return `drop ${action.uids.join('+')} of ${name}${action.suspects.map(({ uid }) => ` ?${uid}`).join('')}`;
      default:
        return `${action.finalizer} off ${name}`;
    }
  });
}

test('G1, G3: gone owners are suspects; with another owner left only the reference goes', () => {
  assert.deepEqual(actions(owner('o'), dependent('d', [reference('o')])), []);
  assert.deepEqual(actions(dependent('d', [reference('x')])), ['delete d Background ?x']);
  assert.deepEqual(actions(owner('o'), dependent('d', [reference('o'), reference('x')])), ['drop x of d ?x']);
  assert.deepEqual(actions(dependent('d', [])), []);
  assert.deepEqual(actions(dependent('d', [reference('x')], { deletionTimestamp: '2026-01-01T00:00:00Z' })), []);
});

test('G3: a kind that is not served here is never gone', () => {
  assert.deepEqual(actions(dependent('d', [reference('x', { apiVersion: 'v1', kind: 'Pod' })])), []);
});

test('G4: an owner in another namespace is none; a cluster-scoped one is', () => {
  assert.deepEqual(actions(owner('o', { namespace: 'other' }), dependent('d', [reference('o')])), [
    'delete d Background ?o',
  ]);
  const host: Item = { resource: hosts, metadata: { name: 'h', uid: 'h' } };
  assert.deepEqual(actions(host, dependent('d', [reference('h', { kind: 'Host' })])), []);
});

test('G2: foreground: dependents go first, blocking ones hold the owner', () => {
  const going = owner('o', deleted(FOREGROUND));
  assert.deepEqual(actions(going, dependent('d', [reference('o', { blockOwnerDeletion: true })])), [
    'delete d Background',
  ]);
  assert.deepEqual(actions(going, dependent('d', [reference('o')])), [`${FOREGROUND} off o`, 'delete d Background']);
  assert.deepEqual(actions(going), [`${FOREGROUND} off o`]);
  const chain = [
    going,
    dependent('d', [reference('o', { blockOwnerDeletion: true })]),
    dependent('e', [reference('d', { apiVersion: 'v1', kind: 'Secret', blockOwnerDeletion: true })]),
  ];
  assert.deepEqual(actions(...chain), ['delete d Foreground']);
  const shared = dependent('d', [reference('o'), reference('p')]);
  assert.deepEqual(actions(going, owner('p'), shared), [`${FOREGROUND} off o`, 'drop o of d']);
});

test('G2: orphaning: dependents lose the owner and stay', () => {
  const going = owner('o', deleted(ORPHAN));
  assert.deepEqual(actions(going, dependent('d', [reference('o', { blockOwnerDeletion: true })])), ['drop o of d']);
  assert.deepEqual(actions(going), [`${ORPHAN} off o`]);
});
