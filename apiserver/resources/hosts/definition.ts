import type { Host } from '../../../openapi/api.ts';
import { getCondition } from '../../../openapi/machine/conditions.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { age } from '../../registry/age.ts';
import type { ResourceDefinition, Strategy, TableDefinition, UpgradeContext } from '../../registry/resource.ts';

export interface HostParts {
  /** Sets status.live of a Host, in the caller's own copy. */
  mergeLive(object: KubernetesObject): void;
  /** Takes over the connection on which a host's launcher sends live values. */
  receiveLive(host: KubernetesObject, context: UpgradeContext): Promise<void>;
}

/** What a node's launcher reports of it. Cluster-scoped; the name is the node's. */
export function hosts(parts: HostParts): ResourceDefinition {
  return {
    group: 'torpor.dev',
    version: 'v1alpha1',
    kind: 'Host',
    listKind: 'HostList',
    plural: 'hosts',
    singular: 'host',
    shortNames: [],
    categories: [],
    namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    strategy: hostStrategy(parts),
    table: hostTable,
    subresources: [
      { kind: 'status', name: 'status' },
      { kind: 'stream', name: 'live', connect: parts.receiveLive },
    ],
  };
}

const hostOf = (object: KubernetesObject) => object as unknown as Host;

function hostStrategy(parts: HostParts): Strategy {
  return {
    hasStatus: true,
    prepareForStatusUpdate(object) {
      const { status } = hostOf(object);
      if (status === undefined) return;
      const { live: _neverStored, ...kept } = status;
      object.status = kept;
    },
    decorate: (object) => parts.mergeLive(object),
  };
}

const hostTable: TableDefinition = {
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the host.', priority: 0 },
    { name: 'Status', type: 'string', description: 'Whether machines can start on the host.', priority: 0 },
    { name: 'Accelerator', type: 'string', description: 'What runs guests: kvm or tcg.', priority: 0 },
    { name: 'CPU', type: 'string', description: 'Cores that machines may have.', priority: 0 },
    { name: 'Memory', type: 'string', description: 'Memory that machines may have.', priority: 0 },
    { name: 'Age', type: 'string', description: 'Time since the host was registered.', priority: 0 },
    { name: 'Address', type: 'string', description: 'Primary address of the host.', priority: 1 },
    { name: 'QEMU', type: 'string', description: 'Version of QEMU.', priority: 1 },
    { name: 'Launcher', type: 'string', description: 'Version of the launcher.', priority: 1 },
  ],
  cells(object, now) {
    const { metadata, spec, status = {} } = hostOf(object);
    const ready = getCondition(status.conditions, 'Ready')?.status === 'True' ? 'Ready' : 'NotReady';
    return [
      metadata.name ?? '',
      spec?.unschedulable === true ? `${ready},SchedulingDisabled` : ready,
      status.accelerator?.name ?? '',
      String(status.allocatable?.cpu ?? ''),
      String(status.allocatable?.memory ?? ''),
      age(metadata.creationTimestamp, now),
      status.addresses?.[0] ?? '',
      status.qemuVersion ?? '',
      status.launcherVersion ?? '',
    ];
  },
};
