import type { VirtualMachine } from '../../../openapi/api.ts';
import type { ResourceDefinition, UpgradeContext } from '../../registry/resource.ts';
import type { ResourceStore } from '../../registry/store.ts';
import { bindingAction } from './actions/binding.ts';
import { powerActions } from './actions/power.ts';
import { type MachineParts, machineOf, virtualMachineStrategy } from './strategy.ts';
import { virtualMachineTable } from './table.ts';

export interface VirtualMachineParts extends MachineParts {
  /** The registry of machines; asked for at the first call, when it exists. */
  machines(): ResourceStore;
  /** Joins the client's connection to the machine's node agent until one of them ends. */
  openStream(machine: VirtualMachine, stream: string, context: UpgradeContext): Promise<void>;
}

export function virtualMachines(parts: VirtualMachineParts): ResourceDefinition {
  return {
    group: 'torpor.dev',
    version: 'v1alpha1',
    kind: 'VirtualMachine',
    listKind: 'VirtualMachineList',
    plural: 'virtualmachines',
    singular: 'virtualmachine',
    shortNames: ['vm', 'vms'],
    categories: ['all'],
    namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    strategy: virtualMachineStrategy(parts),
    table: virtualMachineTable,
    subresources: [
      { kind: 'status', name: 'status' },
      bindingAction(parts.machines, parts),
      ...powerActions(parts.machines, parts.now),
      {
        kind: 'stream',
        name: 'console',
        connect: (object, context) => parts.openStream(machineOf(object), 'console', context),
      },
    ],
  };
}
