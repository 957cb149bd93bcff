import { errors } from '../../openapi/machinery/errors.ts';
import { isJsonObject } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { readBody } from '../edge/body.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject, servedObject } from './answer-object.ts';
import { parseYaml } from './body.ts';
import { type DecodeTarget, decodeBody } from './decode.ts';
import { negotiate } from './negotiate.ts';
import { applyOptions, type WriteOptions } from './options.ts';
import { alignName, alignNamespace } from './sent-object.ts';
import type { Target } from './target.ts';

/** PATCH with an apply configuration, of an object or of its status: 200, or 201 when it was not there before. */
export async function applyVerb(target: Target, context: RequestContext, part: 'main' | 'status'): Promise<void> {
  const { definition, schema, namespace, name } = target;
  const form = negotiate(context.req, context.info.query, 'object');
  const options = applyOptions(context);
  const configuration = await sentConfiguration({ ...definition, schema }, target, context, options);
  const { fieldManager, dryRun, force } = options;
  const { created, object } = await target.store.apply(name, configuration, part, context, {
    namespace,
    dryRun,
    fieldManager,
    force,
    ...(part === 'main' ? { mayCreate: () => context.authorizeAlso('create') } : {}),
  });
  return answerObject(context, created ? 201 : 200, form, definition, servedObject(object));
}

/**
 * The configuration in the body, YAML or JSON. Unlike an object it has no field that the documents do not have, whatever
 * fieldValidation says: nobody could own it.
 * @throws StatusError 400, 413.
 */
export async function sentConfiguration(
  target: DecodeTarget,
  { definition, namespace, name }: Pick<Target, 'definition' | 'namespace' | 'name'>,
  context: RequestContext,
  { fieldValidation }: Pick<WriteOptions, 'fieldValidation'>,
): Promise<KubernetesObject> {
  const body = await parseYaml(await readBody(context), context);
  if (body === undefined) throw errors.badRequest(`the request has no body; a ${target.kind} is expected in it`);
  if (isJsonObject(body.value)) {
    for (const member of ['apiVersion', 'kind']) {
      if (!body.value[member]) throw errors.badRequest(`a configuration to apply must say its ${member}`);
    }
  }
  const duplicates = body.duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`);
  if (duplicates.length > 0 && fieldValidation === 'Strict') {
    throw errors.badRequest(`the configuration cannot be applied: strict decoding error: ${duplicates.join(', ')}`);
  }
  if (fieldValidation === 'Warn') context.warnings.push(...duplicates);
  const configuration = decodeBody({ value: body.value, duplicates: [] }, target, 'Strict', context.warnings);
  if ((configuration.metadata.managedFields ?? []).length > 0) {
    throw errors.badRequest('metadata.managedFields must be nil: what is applied does not say who owns it');
  }
  delete configuration.metadata.managedFields;
  if (configuration.metadata.name) alignName(configuration, name);
  alignNamespace(configuration, definition.namespaced, namespace);
  return configuration;
}
