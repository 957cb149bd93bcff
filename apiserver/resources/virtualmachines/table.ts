import type { VirtualMachine, Volume } from '../../../openapi/api.ts';
import { getCondition } from '../../../openapi/machine/conditions.ts';
import { age } from '../../registry/age.ts';
import type { TableDefinition } from '../../registry/resource.ts';

export const virtualMachineTable: TableDefinition = {
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the machine.', priority: 0 },
    { name: 'Status', type: 'string', description: 'What the machine is doing.', priority: 0 },
    { name: 'Ready', type: 'string', description: 'True when the guest runs and answers.', priority: 0 },
    { name: 'Node', type: 'string', description: 'Host that holds the machine.', priority: 0 },
    { name: 'IP', type: 'string', description: 'Address under which others reach the machine.', priority: 0 },
    { name: 'Age', type: 'string', description: 'Time since the machine was created.', priority: 0 },
    { name: 'CPU', type: 'integer', description: 'Number of virtual processors.', priority: 1 },
    { name: 'Memory', type: 'string', description: 'Memory that the guest sees.', priority: 1 },
    { name: 'RunStrategy', type: 'string', description: 'When the machine runs.', priority: 1 },
    { name: 'Image', type: 'string', description: 'Image of the first registry disk.', priority: 1 },
    { name: 'Reason', type: 'string', description: 'Why the machine is in this state.', priority: 1 },
  ],
  cells(object, now) {
    const machine = object as unknown as VirtualMachine;
    const { spec, status = {} } = machine;
    const { cores = 1, sockets = 1, threads = 1 } = spec.domain?.cpu ?? {};
    return [
      machine.metadata.name ?? '',
      statusOf(machine),
      getCondition(status.conditions, 'Running')?.status ?? 'False',
      status.nodeName ?? '',
      status.interfaces?.find((one) => one.ipAddress)?.ipAddress ?? status.addresses?.[0] ?? '',
      age(object.metadata.creationTimestamp, now),
      cores * sockets * threads,
      String(spec.domain?.memory?.guest ?? ''),
      spec.runStrategy ?? '',
      firstImage(spec.volumes),
      reasonOf(machine),
    ];
  },
};

/** The stage of this moment where it is known, else the phase; deletion is what matters most to who looks. */
function statusOf(machine: VirtualMachine): string {
  const { phase = 'Pending', live } = machine.status ?? {};
  if (machine.metadata.deletionTimestamp) return 'Terminating';
  if ((phase === 'Preparing' || phase === 'Pending') && live?.stage) return live.stage;
  return phase;
}

/** The first condition that says what is missing, else the reason of the phase. */
function reasonOf(machine: VirtualMachine): string {
  const { conditions = [], reason, live } = machine.status ?? {};
  const missing = conditions.find(
    ({ type, status }) => status === 'False' && ['Scheduled', 'VolumesReady', 'NetworkReady'].includes(type),
  );
  return live?.message ?? missing?.message ?? reason ?? '';
}

/** Image of the first registry disk; '' without one. */
export function firstImage(volumes: readonly Volume[] = []): string {
  for (const { registryDisk, containerDisk } of volumes) {
    const image = registryDisk?.image ?? containerDisk?.image;
    if (image !== undefined) return image;
  }
  return '';
}
