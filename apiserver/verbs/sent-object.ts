import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { readBody } from '../edge/body.ts';
import type { RequestContext } from '../request/context.ts';
import { mediaTypeOf, parseBody } from './body.ts';
import { type DecodeTarget, decodeBody } from './decode.ts';
import type { WriteOptions } from './options.ts';

/** The object in the body of a POST or PUT. @throws StatusError 400, 413, 415. */
export async function sentObject(
  target: DecodeTarget,
  context: RequestContext,
  options: Pick<WriteOptions, 'fieldValidation'>,
): Promise<KubernetesObject> {
  const body = await parseBody(await readBody(context), mediaTypeOf(context.req), context);
  if (body === undefined) throw errors.badRequest(`the request has no body; a ${target.kind} is expected in it`);
  return decodeBody(body, target, options.fieldValidation, context.warnings);
}

/**
 * The body and the URL must mean the same namespace; an empty one in the body is filled in, and one of an object that has
 * no namespace is dropped, as Kubernetes does: many a manifest has one.
 */
export function alignNamespace(object: KubernetesObject, namespaced: boolean, namespace: string): void {
  const sent = object.metadata.namespace ?? '';
  if (!namespaced) {
    delete object.metadata.namespace;
    return;
  }
  if (sent === '' || sent === namespace) {
    object.metadata.namespace = namespace;
    return;
  }
  throw errors.badRequest(
    `the namespace of the provided object does not match the namespace sent on the request (${sent} is not ${namespace})`,
  );
}

/** The body of a PUT names the object of the URL. */
export function alignName(object: KubernetesObject, name: string): void {
  const sent = object.metadata.name ?? '';
  if (sent === name) return;
  throw errors.badRequest(
    `the name of the object (${sent === '' ? 'empty' : sent}) does not match the name on the URL (${name})`,
  );
}
