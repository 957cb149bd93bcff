import { errors, field } from '../../openapi/machinery/errors.ts';
import { applyJsonPatch, JsonPatchError } from '../../openapi/machinery/json-patch.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../openapi/machinery/json-value.ts';
import { applyMergePatch } from '../../openapi/machinery/merge-patch.ts';
import { applyStrategicMerge, StrategicMergeError } from '../../openapi/machinery/strategic-merge.ts';
import type { Shape } from '../../openapi/schema/shape.ts';
import { JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from '../registry/patch-types.ts';
import { parseJson } from './body.ts';

/** A patch that was read and can be applied to whatever stands there, any number of times. */
export interface Patch {
  /** Keys that stood twice in the patch's text. */
  readonly duplicates: readonly string[];
  /** @throws StatusError 400, 413 or 422, as Kubernetes tells the cases apart. */
  apply(document: JsonValue): JsonValue;
}

/** Before the options: those of an apply have another meaning. @throws StatusError 415. */
export function requirePatchType(mediaType: string, accepted: readonly string[]): void {
  if (!accepted.includes(mediaType)) throw errors.unsupportedMediaType(accepted);
}

/**
 * `shape` is that of the kind that is patched, for strategic merge patches.
 * @throws StatusError 415 for media types that are not accepted; 400 for what is no JSON.
 */
export async function readPatch(
  mediaType: string,
  bytes: Buffer,
  accepted: readonly string[],
  shape: Shape | undefined,
): Promise<Patch> {
  requirePatchType(mediaType, accepted);
  const { value, duplicates } = await parseJson(bytes);
  switch (mediaType) {
    case JSON_PATCH:
      return { duplicates, apply: (document) => jsonPatched(document, value) };
    case MERGE_PATCH:
      if (!isJsonObject(value)) throw errors.badRequest('a merge patch must be a JSON object');
      return { duplicates, apply: (document) => applyMergePatch(document, value) };
    case STRATEGIC_MERGE_PATCH:
      if (!isJsonObject(value)) throw errors.badRequest('a strategic merge patch must be a JSON object');
      return { duplicates, apply: (document) => strategicallyMerged(document, value, shape) };
    default:
      throw errors.unsupportedMediaType(accepted);
  }
}

function strategicallyMerged(document: JsonValue, patch: JsonObject, shape: Shape | undefined): JsonValue {
  try {
    return applyStrategicMerge(document, patch, shape);
  } catch (error) {
    if (!(error instanceof StrategicMergeError)) throw error;
    throw errors.badRequest(`the strategic merge patch cannot be applied: ${error.message}`);
  }
}

function jsonPatched(document: JsonValue, patch: JsonValue): JsonValue {
  try {
    return applyJsonPatch(document, patch);
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    switch (error.kind) {
      case 'undecodable':
        throw errors.badRequest(error.message);
      case 'tooLarge':
        throw errors.requestTooLarge(PATCH_OPERATIONS);
      case 'inapplicable':
        throw errors.unprocessable();
      default:
        error.kind satisfies never;
        throw error;
    }
  }
}

/** Kubernetes names the number of operations here. */
const PATCH_OPERATIONS = 10_000;

/** The patched thing must still be an object. */
export function patchedObject(value: JsonValue, kind: { group: string; kind: string }, name: string): object {
  if (isJsonObject(value)) return value;
  throw errors.invalid(kind, name, [field.invalid('patch', value, `the result is no ${kind.kind}`)]);
}
