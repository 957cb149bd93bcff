import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject } from './answer-object.ts';
import { getFreshness } from './list-options.ts';
import { negotiate } from './negotiate.ts';
import { requireNamespace, type Target } from './target.ts';

/** GET of one object: the cached bytes, or with values merged in that are never stored. */
export async function getVerb(target: Target, context: RequestContext): Promise<void> {
  requireNamespace(target);
  const { definition } = target;
  const form = negotiate(context.req, context.info.query, 'object');
  const item = await target.store.get(target.namespace, target.name, getFreshness(context.info.query));
  const { decorate, isDecorated } = definition.strategy;
  if (decorate === undefined || isDecorated?.(item.object) === false) {
    return answerObject(context, 200, form, definition, { bytes: item.bytes, object: () => item.object });
  }
  const object = cloneJson(item.object);
  decorate(object);
  return answerObject(context, 200, form, definition, { object: () => object });
}
