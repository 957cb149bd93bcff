import { formatLabelSelector, labelSelectorRequirements } from '../../../openapi/machinery/labels.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { ResourceDefinition } from '../../registry/resource.ts';
import { scaleSubresource } from '../scale.ts';
import { poolOf, virtualMachinePoolStrategy } from './strategy.ts';
import { virtualMachinePoolTable } from './table.ts';

/** A number of machines from one template. reconcilers/pools keeps them. */
export const virtualMachinePools: ResourceDefinition = {
  group: 'torpor.dev',
  version: 'v1alpha1',
  kind: 'VirtualMachinePool',
  listKind: 'VirtualMachinePoolList',
  plural: 'virtualmachinepools',
  singular: 'virtualmachinepool',
  shortNames: ['vmpool', 'vmpools'],
  categories: ['all'],
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  strategy: virtualMachinePoolStrategy,
  table: virtualMachinePoolTable,
  subresources: [{ kind: 'status', name: 'status' }, scaleSubresource(selectorText)],
};

/** From spec, not from status: an autoscaler may ask before the reconciler has seen the pool. */
function selectorText(object: KubernetesObject): string {
  return formatLabelSelector(labelSelectorRequirements(poolOf(object).spec.selector) ?? []);
}
