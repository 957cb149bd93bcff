import { errors } from '../../openapi/machinery/errors.ts';
import { cloneJson, type JsonObject } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { readBody } from '../edge/body.ts';
import type { AppliedObject } from '../registry/apply.ts';
import { APPLY_PATCH, patchTypesOf } from '../registry/patch-types.ts';
import type { Registry } from '../registry/registry.ts';
import type { ViewSubresource } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject, servedObject } from './answer-object.ts';
import { sentConfiguration } from './apply.ts';
import { mediaTypeOf } from './body.ts';
import { decodeBody } from './decode.ts';
import { getFreshness } from './list-options.ts';
import { negotiate } from './negotiate.ts';
import { applyOptions, defaultValidation, writeOptions } from './options.ts';
import { patchedObject, readPatch } from './patch-body.ts';
import { alignName, alignNamespace, sentObject } from './sent-object.ts';
import { requireNamespace, type Target } from './target.ts';

/** GET, PUT and PATCH of a view subresource: the object under another kind or under rules of its own. */
export async function viewVerb(
  target: Target,
  context: RequestContext,
  view: ViewSubresource,
  schemaFor: Registry['schemaFor'],
): Promise<void> {
  requireNamespace(target);
  const { definition, namespace, name, store } = target;
  const { verb, query } = context.info;
  if (!(view.verbs as readonly string[]).includes(verb)) throw errors.methodNotAllowed(definition, verb);
  const { viewGroup: group, viewVersion: version, viewKind: kind } = view;
  const decoding = { group, version, kind, schema: schemaFor(group, version, kind) };
  const form = negotiate(context.req, query, view.table ? 'object' : 'plain');
  const shown = view.table ? { ...definition, table: view.table } : definition;
  if (verb === 'get') {
    const item = await store.get(namespace, name, getFreshness(query));
    return answerObject(context, 200, form, shown, servedObject(view.toView(cloneJson(item.object))));
  }
  if (verb === 'patch' && mediaTypeOf(context.req) === APPLY_PATCH) {
    const { object } = await applied();
    return answerObject(context, 200, form, shown, servedObject(view.toView(object)));
  }
  const options = writeOptions(
    context,
    verb === 'update' ? 'UpdateOptions' : 'PatchOptions',
    defaultValidation(view.viewGroup),
  );
  const change = verb === 'update' ? await replacement() : await patching();
  const updated = await store.update(name, change, 'main', context, {
    namespace,
    dryRun: options.dryRun,
    fieldManager: options.fieldManager,
    subresource: view.name,
    view,
  });
  return answerObject(context, 200, form, shown, servedObject(view.toView(updated.object)));

  /** What the view's configuration says of the object is applied to the object, and owned through the view. */
  async function applied(): Promise<AppliedObject> {
    const { fieldManager, dryRun, force, ...rest } = applyOptions(context);
    const sent = await sentConfiguration(decoding, target, context, rest);
    const problems = decoding.schema?.validate(sent) ?? [];
    if (problems.length > 0) throw errors.invalid(decoding, name, problems);
    const { uid, resourceVersion } = sent.metadata;
    const configuration: KubernetesObject = {
      apiVersion: definition.group === '' ? definition.version : `${definition.group}/${definition.version}`,
      kind: definition.kind,
      metadata: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
    };
    if (Object.keys((sent.spec as object | undefined) ?? {}).length > 0) view.fromView(sent, configuration);
    const request = { namespace, dryRun, fieldManager, force, subresource: view.name, view };
    return store.apply(name, configuration, 'main', context, request);
  }

  async function replacement(): Promise<(current: KubernetesObject) => KubernetesObject> {
    const sent = await sentObject(decoding, context, options);
    return (current) => written(cloneJson(sent), current);
  }

  async function patching(): Promise<(current: KubernetesObject) => KubernetesObject> {
    const mediaType = mediaTypeOf(context.req);
    const patch = await readPatch(mediaType, await readBody(context), patchTypesOf(definition), decoding.schema?.shape);
    return (current) => {
      // Warnings of an attempt that lost its race are those of the one that won.
      context.warnings.length = 0;
      const before = view.toView(cloneJson(current)) as unknown as JsonObject;
      const value = patchedObject(patch.apply(before), decoding, name) as JsonObject;
      const body = { value, duplicates: patch.duplicates };
      return written(decodeBody(body, decoding, options.fieldValidation, context.warnings, 'patch'), current);
    };
  }

  /**
   * The object with the view's change; what the view says about identity and version counts. What is wrong with the view
   * is told by its own kind and fields, before it becomes part of the object.
   */
  function written(sent: KubernetesObject, current: KubernetesObject): KubernetesObject {
    alignName(sent, name);
    alignNamespace(sent, definition.namespaced, namespace);
    decoding.schema?.default(sent);
    const problems = decoding.schema?.validate(sent) ?? [];
    if (problems.length > 0) throw errors.invalid(decoding, name, problems);
    view.fromView(sent, current);
    const { uid, resourceVersion } = sent.metadata;
    if (uid) current.metadata.uid = uid;
    if (resourceVersion && resourceVersion !== '0') current.metadata.resourceVersion = resourceVersion;
    return current;
  }
}
