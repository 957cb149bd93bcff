import type { JsonObject } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { readBody } from '../edge/body.ts';
import { APPLY_PATCH, patchTypesOf } from '../registry/patch-types.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject, servedObject } from './answer-object.ts';
import { applyVerb } from './apply.ts';
import { mediaTypeOf } from './body.ts';
import { type DecodeTarget, decodeBody } from './decode.ts';
import { negotiate } from './negotiate.ts';
import { defaultValidation, type FieldValidation, writeOptions } from './options.ts';
import { type Patch, patchedObject, readPatch, requirePatchType } from './patch-body.ts';
import { requireNamespace, type Target } from './target.ts';

/**
 * PATCH of an object or of its status. The patch is applied anew to what stands there after every lost race, so a patch
 * without resourceVersion cannot conflict with itself; one with it is a compare-and-swap.
 */
export async function patchVerb(target: Target, context: RequestContext, part: 'main' | 'status'): Promise<void> {
  requireNamespace(target);
  const { definition, schema, namespace, name } = target;
  const form = negotiate(context.req, context.info.query, 'object');
  const mediaType = mediaTypeOf(context.req);
  const accepted = patchTypesOf(definition);
  requirePatchType(mediaType, accepted);
  if (mediaType === APPLY_PATCH) return applyVerb(target, context, part);
  const options = writeOptions(context, 'PatchOptions', defaultValidation(definition.group, part));
  const patch = await readPatch(mediaType, await readBody(context), accepted, schema?.shape);
  const decoding = { ...definition, schema };
  const updated = await target.store.update(
    name,
    (current) => {
      // Warnings of an attempt that lost its race are those of the one that won.
      context.warnings.length = 0;
      return patched(patch, current, decoding, name, options.fieldValidation, context.warnings);
    },
    part,
    context,
    { namespace, dryRun: options.dryRun, fieldManager: options.fieldManager },
  );
  return answerObject(context, 200, form, definition, servedObject(updated.object));
}

export function patched(
  patch: Patch,
  current: KubernetesObject,
  target: DecodeTarget,
  name: string,
  validation: FieldValidation,
  warnings: string[],
): KubernetesObject {
  // What an older or newer version stored and this one does not know is no mistake of who patches something else.
  target.schema?.prune(current);
  const value = patchedObject(patch.apply(current as unknown as JsonObject), target, name) as JsonObject;
  return decodeBody({ value, duplicates: patch.duplicates }, target, validation, warnings, 'patch');
}
