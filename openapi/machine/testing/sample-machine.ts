import type { VirtualMachine, VirtualMachineSpec, VirtualMachineStatus } from '../../api.ts';
import { schemaFor } from '../../schema/schema.ts';
import { effectiveMachine } from '../effective.ts';

/** For tests: a machine with a registry disk and seed data, defaulted as the server does it. */
export function sampleMachine(spec: Partial<VirtualMachineSpec> = {}, status?: VirtualMachineStatus): VirtualMachine {
  const machine: VirtualMachine = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web', namespace: 'default', uid: '6b6f8f2e-0000-4000-8000-000000000001', generation: 1 },
    spec: {
      domain: { memory: { guest: '512Mi' } },
      volumes: [
        { name: 'root', registryDisk: { image: 'registry.example/debian:12' } },
        { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config' } },
      ],
      ...spec,
    },
    ...(status ? { status } : {}),
  };
  schemaFor('torpor.dev', 'v1alpha1', 'VirtualMachine')?.default(machine);
  return machine;
}

/** The same with every default, as validation and the launcher see it. */
export function sampleEffective(spec: Partial<VirtualMachineSpec> = {}, status?: VirtualMachineStatus): VirtualMachine {
  return effectiveMachine(sampleMachine(spec, status));
}
