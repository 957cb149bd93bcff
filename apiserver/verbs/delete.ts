import { errors } from '../../openapi/machinery/errors.ts';
import { isJsonObject } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject, Status } from '../../openapi/machinery/object.ts';
import { readBody } from '../edge/body.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject, answerStatus, servedObject } from './answer-object.ts';
import { mediaTypeOf, parseBody } from './body.ts';
import { typeOf } from './decode.ts';
import { negotiate } from './negotiate.ts';
import { type DeleteOptions, deleteOptions } from './options.ts';
import { requireNamespace, type Target } from './target.ts';

/** DELETE of one object: a Status when it is gone, the object while finalizers keep it. */
export async function deleteVerb(target: Target, context: RequestContext): Promise<void> {
  requireNamespace(target);
  const { definition, namespace, name } = target;
  const form = negotiate(context.req, context.info.query, 'object');
  const options = await sentDeleteOptions(definition, context);
  const outcome = await target.store.delete(name, context, { ...options, namespace });
  if (outcome.kind === 'removed') return answerStatus(context, form, gone(definition, outcome.object));
  const code = options.answersAccepted ? 202 : 200;
  return answerObject(context, code, form, definition, servedObject(outcome.object));
}

/**
 * DeleteOptions of the body, else of the query. The body may come without a media type, and its kind under the group
 * of the options or of the resource.
 */
export async function sentDeleteOptions(
  definition: ResourceDefinition,
  context: RequestContext,
): Promise<DeleteOptions> {
  const parsed = await parseBody(await readBody(context), mediaTypeOf(context.req), context);
  if (parsed === undefined) return deleteOptions(undefined, context.info.query);
  const body = parsed.value;
  if (!isJsonObject(body)) {
    throw errors.badRequest('the body of a delete must be DeleteOptions');
  }
  const own = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
  const { kind = 'DeleteOptions', apiVersion = 'v1' } = typeOf(body);
  if (kind !== 'DeleteOptions' || !['v1', 'meta.k8s.io/v1', own].includes(apiVersion)) {
    throw errors.badRequest(`the body of a delete must be DeleteOptions, not ${apiVersion} ${kind}`);
  }
  return deleteOptions(body, context.info.query);
}

/** Clients take the uid from here to see whether an object of the same name is another one. */
function gone(definition: ResourceDefinition, object: KubernetesObject): Status {
  const { name, uid } = object.metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      ...(name === undefined ? {} : { name }),
      ...(definition.group === '' ? {} : { group: definition.group }),
      kind: definition.plural,
      ...(uid === undefined ? {} : { uid }),
    },
  };
}
