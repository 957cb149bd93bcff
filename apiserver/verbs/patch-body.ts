import { errors, field } from '../../openapi/machinery/errors.ts';
import { applyJsonPatch, JsonPatchError } from '../../openapi/machinery/json-patch.ts';
import { isJsonObject, type JsonValue } from '../../openapi/machinery/json-value.ts';
import { applyMergePatch } from '../../openapi/machinery/merge-patch.ts';
import { parseJson } from './body.ts';

/** A patch that was read and can be applied to whatever stands there, any number of times. */
export interface Patch {
  /** Keys that stood twice in the patch's text. */
  readonly duplicates: readonly string[];
  /** @throws StatusError 400, 413 or 422, as Kubernetes tells the cases apart. */
  apply(document: JsonValue): JsonValue;
}

/** Strategic merge patches need merge keys per list; clients fall back to a merge patch on exactly this answer. */
const ACCEPTED = ['application/json-patch+json', 'application/merge-patch+json'];

/** Before the options: what an apply patch's options mean, other patches do not know. @throws StatusError 415. */
export function requirePatchType(mediaType: string): void {
  if (!ACCEPTED.includes(mediaType)) throw errors.unsupportedMediaType(ACCEPTED);
}

/** @throws StatusError 415 for media types that are not accepted, apply patches among them; 400 for what is no JSON. */
export function readPatch(mediaType: string, bytes: Buffer): Patch {
  switch (mediaType) {
    case 'application/json-patch+json': {
      const { value, duplicates } = parseJson(bytes);
      return { duplicates, apply: (document) => jsonPatched(document, value) };
    }
    case 'application/merge-patch+json': {
      const { value, duplicates } = parseJson(bytes);
      if (!isJsonObject(value)) throw errors.badRequest('a merge patch must be a JSON object');
      return { duplicates, apply: (document) => applyMergePatch(document, value) };
    }
    default:
      throw errors.unsupportedMediaType(ACCEPTED);
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
