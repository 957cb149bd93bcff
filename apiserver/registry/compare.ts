import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';

/** True when storing `object` over `old` would change nothing; the order of keys and the resourceVersion do not count. */
export function nothingChanged(object: KubernetesObject, old: KubernetesObject): boolean {
  return isDeepStrictEqual(withoutVersion(object), withoutVersion(old));
}

/** True when something besides metadata (and status, where it is a subresource) differs: a new generation. */
export function specChanged(object: KubernetesObject, old: KubernetesObject, hasStatus: boolean): boolean {
  return !isDeepStrictEqual(specOf(object, hasStatus), specOf(old, hasStatus));
}

function withoutVersion(object: KubernetesObject): unknown {
  const { metadata, ...rest } = object;
  const { resourceVersion: _revision, ...meta } = metadata;
  // Undefined members vanish when encoded, so they must not count here.
  return JSON.parse(JSON.stringify({ ...rest, metadata: meta }));
}

function specOf(object: KubernetesObject, hasStatus: boolean): unknown {
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  if (hasStatus) delete rest.status;
  return JSON.parse(JSON.stringify(rest));
}
