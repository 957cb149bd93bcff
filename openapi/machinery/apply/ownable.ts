import type { JsonObject } from '../json-value.ts';
import type { KubernetesObject } from '../object.ts';

/** What a write can own: all but status, where status is a subresource; status alone; or everything. */
export type OwnablePart = 'main' | 'status' | 'all';

/** Never owned: what identifies the object, and what only the server writes. */
const NEVER: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]);

/** A view of the object with nothing in it but what can be owned; its parts are the object's own. */
export function ownablePart(object: KubernetesObject, part: OwnablePart): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata, status, ...rest } = object;
  if (part === 'status') return (status === undefined ? {} : { status }) as JsonObject;
  const meta: JsonObject = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (!NEVER.has(name) && value !== undefined) meta[name] = value as JsonObject;
  }
  const found = { metadata: meta, ...rest } as JsonObject;
  if (part === 'all' && status !== undefined) found.status = status as JsonObject;
  return found;
}
