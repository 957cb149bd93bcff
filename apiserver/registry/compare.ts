import type { KubernetesObject, ManagedFieldsEntry } from '../../openapi/machinery/object.ts';

/**
 * True when storing `object` over `old` would change nothing. The order of keys and the resourceVersion do not count,
 * nor does when a manager wrote last: a time alone is no reason for a write.
 */
export function nothingChanged(object: KubernetesObject, old: KubernetesObject): boolean {
  return sameJson(comparable(object), comparable(old));
}

/** True when something besides metadata (and status, where it is a subresource) differs: a new generation. */
export function specChanged(object: KubernetesObject, old: KubernetesObject, hasStatus: boolean): boolean {
  return !sameJson(specOf(object, hasStatus), specOf(old, hasStatus));
}

/** Equal once encoded: members that are undefined vanish then, so they are as good as absent. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index += 1) if (!sameJson(a[index], b[index])) return false;
    return true;
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key of Object.keys(left)) if (!sameJson(left[key], own(right, key))) return false;
  for (const key of Object.keys(right)) if (right[key] !== undefined && own(left, key) === undefined) return false;
  return true;
}

const own = (object: Record<string, unknown>, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);

function comparable(object: KubernetesObject): unknown {
  const { metadata, ...rest } = object;
  const { resourceVersion: _revision, managedFields, ...meta } = metadata;
  return { ...rest, metadata: { ...meta, managedFields: managedFields?.map(timeless) } };
}

function timeless({ time: _time, ...entry }: ManagedFieldsEntry): unknown {
  return entry;
}

function specOf(object: KubernetesObject, hasStatus: boolean): unknown {
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  if (hasStatus) delete rest.status;
  return rest;
}
