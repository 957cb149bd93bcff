import type { Namespace } from '../../../openapi/api.ts';
import { errors, type FieldError, field } from '../../../openapi/machinery/errors.ts';
import { labelNameErrors } from '../../../openapi/machinery/names.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { NAMESPACES } from '../../registry/namespace-lifecycle.ts';
import type { ResourceDefinition } from '../../registry/resource.ts';
import { coreDefinition } from '../core-definition.ts';
import { coreTable } from '../core-table.ts';

/** The finalizer in spec.finalizers that a controller takes away when the namespace is empty. */
export const NAMESPACE_FINALIZER = 'kubernetes';

/** Made at start and never deleted: things are expected to be in them. */
export const STANDING_NAMESPACES = ['default', 'kube-system', 'torpor-system'] as const;
const IMMORTAL: ReadonlySet<string> = new Set(STANDING_NAMESPACES);

/**
 * Namespaces end in two steps: deletion makes them Terminating and forbids new objects in them; when a controller has
 * emptied one it takes its finalizer away through the finalize subresource, and the namespace is gone.
 */
export const namespaces: ResourceDefinition = coreDefinition({
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  strategy: {
    hasStatus: true,
    validateName: labelNameErrors,
    prepareForCreate(object) {
      const finalizers = finalizersOf(object);
      const kept = finalizers.includes(NAMESPACE_FINALIZER) ? finalizers : [...finalizers, NAMESPACE_FINALIZER];
      object.spec = { ...(object.spec as object | undefined), finalizers: kept };
      object.status = { phase: 'Active' };
      // The label that selectors of namespaces can rely on.
      object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name ?? '' };
    },
    // spec.finalizers belong to the finalize subresource, which is let through by `finalized`.
    prepareForUpdate(object, old, context) {
      if (context.info.subresource !== 'finalize') object.spec = old.spec;
    },
    prepareForDelete(object) {
      const { name = '' } = object.metadata;
      if (IMMORTAL.has(name)) throw errors.forbidden(NAMESPACES, name, 'this namespace may not be deleted');
      object.status = { ...(object.status as object | undefined), phase: 'Terminating' };
    },
    holdsDeletion: (object) => finalizersOf(object).length > 0,
    validateStatusUpdate: (object) => phaseErrors(object),
    selectableFields: { 'status.phase': (object) => namespaceOf(object).status?.phase ?? '' },
  },
  table: coreTable({
    name: 'Status',
    type: 'string',
    description: 'Active, or Terminating while it is being emptied.',
    cell: (object) => namespaceOf(object).status?.phase ?? '',
  }),
  subresources: [
    { kind: 'status', name: 'status' },
    {
      kind: 'view',
      name: 'finalize',
      viewGroup: '',
      viewVersion: 'v1',
      viewKind: 'Namespace',
      verbs: ['update'],
      toView: (object) => object,
      fromView(view, object) {
        object.spec = { ...(object.spec as object | undefined), finalizers: finalizersOf(view) };
      },
    },
  ],
});

const namespaceOf = (object: KubernetesObject) => object as unknown as Namespace;

function finalizersOf(object: KubernetesObject): readonly string[] {
  return namespaceOf(object).spec?.finalizers ?? [];
}

function phaseErrors(object: KubernetesObject): readonly FieldError[] {
  const phase = namespaceOf(object).status?.phase ?? '';
  const deleted = Boolean(object.metadata.deletionTimestamp);
  if (deleted && phase !== 'Terminating') {
    return [
      field.invalid('status.phase', phase, "may only be 'Terminating' if metadata.deletionTimestamp is not empty"),
    ];
  }
  if (!deleted && phase === 'Terminating') {
    return [field.invalid('status.phase', phase, "may only be 'Active' if metadata.deletionTimestamp is empty")];
  }
  return [];
}
