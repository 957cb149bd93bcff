import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubernetesObject, Secret, VirtualMachine } from './api.ts';

test('kinds are Kubernetes objects without a cast, and back with one', () => {
  const machine: VirtualMachine = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web' },
    spec: { domain: { memory: { guest: '512Mi' } } },
  };
  const object: KubernetesObject = machine;
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: {} };
  assert.equal((object as VirtualMachine).spec.domain.memory?.guest, '512Mi');
  assert.equal((secret as KubernetesObject).kind, 'Secret');
});
