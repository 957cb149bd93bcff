import { formatLabelSelector, labelSelectorRequirements } from '../../../openapi/machinery/labels.ts';
import { age } from '../../registry/age.ts';
import type { TableDefinition } from '../../registry/resource.ts';
import { firstImage } from '../virtualmachines/table.ts';
import { poolOf } from './strategy.ts';

/** As people know it from ReplicaSets and Deployments. */
export const virtualMachinePoolTable: TableDefinition = {
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the pool.', priority: 0 },
    { name: 'Desired', type: 'integer', description: 'Wanted number of machines.', priority: 0 },
    { name: 'Current', type: 'integer', description: 'Machines that there are.', priority: 0 },
    { name: 'Ready', type: 'integer', description: 'Machines whose guest runs.', priority: 0 },
    { name: 'Up-to-date', type: 'integer', description: 'Machines made from the template as it is now.', priority: 0 },
    { name: 'Age', type: 'string', description: 'Time since the pool was created.', priority: 0 },
    { name: 'Image', type: 'string', description: 'Image of the first registry disk.', priority: 1 },
    { name: 'Selector', type: 'string', description: "Labels of the pool's machines.", priority: 1 },
  ],
  cells(object, now) {
    const { metadata, spec, status = {} } = poolOf(object);
    return [
      metadata.name ?? '',
      spec.replicas ?? 1,
      status.replicas ?? 0,
      status.readyReplicas ?? 0,
      status.updatedReplicas ?? 0,
      age(metadata.creationTimestamp, now),
      firstImage(spec.template?.spec.volumes),
      formatLabelSelector(labelSelectorRequirements(spec.selector) ?? []),
    ];
  },
};
