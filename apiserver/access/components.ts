import { isDeepStrictEqual } from 'node:util';
import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { AdmittedWrite } from '../registry/core.ts';

const RECONCILERS = 'torpor:reconcilers';

/** What the reconcilers touch only to follow owner references. */
const PEOPLES = new Set([
  'secrets.',
  'configmaps.',
  'serviceaccounts.',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
]);

/**
 * Rules cannot say which part of an object may be patched. The reconcilers may let go of owners and finalizers of what
 * belongs to people, and change nothing else in it.
 *
 * @throws StatusError 403
 */
export function admitComponentWrite({ user, group, resource, object, old }: AdmittedWrite): void {
  if (user.name !== RECONCILERS || !PEOPLES.has(`${resource}.${group}`)) return;
  if (old !== undefined && isDeepStrictEqual(content(object), content(old)) && onlyLess(object, old)) return;
  throw errors.forbidden(
    { group, plural: resource },
    object.metadata.name ?? '',
    'the reconcilers may only remove its owner references and finalizers',
  );
}

/** Everything but what may change, and but what every write changes. */
function content(object: KubernetesObject): unknown {
  const { metadata, ...rest } = object;
  const { ownerReferences, finalizers, resourceVersion, managedFields, ...meta } = metadata;
  return { ...rest, meta };
}

function onlyLess(object: KubernetesObject, old: KubernetesObject): boolean {
  return (['ownerReferences', 'finalizers'] as const).every((name) => {
    const before: readonly unknown[] = old.metadata[name] ?? [];
    return (object.metadata[name] ?? []).every((one) => before.some((other) => isDeepStrictEqual(one, other)));
  });
}
