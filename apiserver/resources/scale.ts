import type { Scale } from '../../openapi/api.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { age } from '../registry/age.ts';
import type { TableDefinition, ViewSubresource } from '../registry/resource.ts';

/**
 * The subresource scale of an object that keeps its wanted number in spec.replicas and its present one in
 * status.replicas: what `kubectl scale` and autoscalers read and write, whatever the kind.
 *
 * @param selectorOf The label selector of the replicas, as text.
 */
export function scaleSubresource(selectorOf: (object: KubernetesObject) => string): ViewSubresource {
  return {
    kind: 'view',
    name: 'scale',
    viewGroup: 'autoscaling',
    viewVersion: 'v1',
    viewKind: 'Scale',
    verbs: ['get', 'patch', 'update'],
    table: scaleTable,
    toView(object) {
      const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
      return {
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: {
          ...(name === undefined ? {} : { name }),
          ...(namespace === undefined ? {} : { namespace }),
          ...(uid === undefined ? {} : { uid }),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
          ...(creationTimestamp ? { creationTimestamp } : {}),
        },
        spec: { replicas: replicasOf(object.spec) },
        status: { replicas: replicasOf(object.status), selector: selectorOf(object) },
      };
    },
    fromView(view, object) {
      object.spec = { ...(object.spec as object), replicas: replicasOf(view.spec) };
    },
  };
}

const replicasOf = (part: unknown): number => (part as { replicas?: number } | undefined)?.replicas ?? 0;

const scaleTable: TableDefinition = {
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the object that is scaled.', priority: 0 },
    { name: 'Desired', type: 'integer', description: 'Wanted number of replicas.', priority: 0 },
    { name: 'Available', type: 'integer', description: 'Present number of replicas.', priority: 0 },
    { name: 'Age', type: 'string', description: 'Time since the object was created.', priority: 0 },
  ],
  cells(object, now) {
    const { metadata, spec, status } = object as unknown as Scale;
    return [metadata.name ?? '', spec?.replicas ?? 0, status?.replicas ?? 0, age(metadata.creationTimestamp, now)];
  },
};
