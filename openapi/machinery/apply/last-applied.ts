import type { Shape } from '../../schema/shape.ts';
import { readJson } from '../json.ts';
import { isJsonObject, type JsonValue } from '../json-value.ts';
import type { KubernetesObject } from '../object.ts';
import { appliedSet, ConfigurationError } from './applied-set.ts';
import { changesOf } from './changes.ts';
import type { Conflict } from './conflicts.ts';
import { difference, type FieldSet, union } from './field-set.ts';
import { type OwnablePart, ownablePart } from './ownable.ts';

/**
 * The way from `kubectl apply` to `kubectl apply --server-side` for kubectl before 1.26, which leaves it to the server:
 * what the annotation says was applied, and still is so, may be taken over without a conflict. Only the manager
 * "kubectl" is treated so; who does not want it names another.
 */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
export const UPGRADING_MANAGER = 'kubectl';

/** Kubernetes' limit for all annotations together, in bytes. */
const ANNOTATIONS_LIMIT = 256 * 1024;

/** The conflicts that the annotation does not explain. */
export function unexplained(
  conflicts: readonly Conflict[],
  live: KubernetesObject,
  shape: Shape,
  part: OwnablePart,
): readonly Conflict[] {
  const explained = appliedBefore(live, shape, part);
  return conflicts.flatMap(({ owner, fields }) => {
    const left = difference(fields, explained);
    return left === undefined ? [] : [{ owner, fields: left }];
  });
}

/** Fields of the annotation that the live object still has as they were applied. */
function appliedBefore(live: KubernetesObject, shape: Shape, part: OwnablePart): FieldSet {
  const applied = parsed(live.metadata.annotations?.[LAST_APPLIED]);
  if (applied === undefined || applied.apiVersion !== live.apiVersion) return undefined;
  const before = ownablePart(applied, part);
  try {
    const { changed, removed } = changesOf(before, ownablePart(live, part), shape);
    return difference(appliedSet(before, shape), union(changed, removed));
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

function parsed(text: string | undefined): KubernetesObject | undefined {
  if (text === undefined) return undefined;
  let value: JsonValue;
  try {
    // By the rules of every body: what is nested too deep is no annotation of kubectl's.
    value = readJson(text).value;
  } catch {
    return undefined;
  }
  return isJsonObject(value) && isJsonObject(value.metadata) ? (value as unknown as KubernetesObject) : undefined;
}

/** The annotation follows what is applied, in the caller's own object; without it, or too large for it, there is none. */
export function followLastApplied(object: KubernetesObject, configuration: KubernetesObject): void {
  const { annotations } = object.metadata;
  if (annotations?.[LAST_APPLIED] === undefined) return;
  const { managedFields: _none, annotations: sent, ...metadata } = configuration.metadata;
  const { [LAST_APPLIED]: _itself, ...others } = sent ?? {};
  const kept = Object.keys(others).length > 0 ? { ...metadata, annotations: others } : metadata;
  const text = `${JSON.stringify({ ...configuration, metadata: kept })}\n`;
  const { [LAST_APPLIED]: _before, ...rest } = annotations;
  const size = Object.entries({ ...rest, [LAST_APPLIED]: text }).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  object.metadata.annotations = size > ANNOTATIONS_LIMIT ? rest : { ...annotations, [LAST_APPLIED]: text };
}
