import { errors, isError } from '../../openapi/machinery/errors.ts';
import type { ObjectItem } from '../registry/list.ts';
import type { RequestContext } from '../request/context.ts';
import { answerList } from './answer-list.ts';
import { sentDeleteOptions } from './delete.ts';
import { pageRequest } from './list.ts';
import { negotiate } from './negotiate.ts';
import type { Target } from './target.ts';

/** How many objects are deleted at once: enough to hide the store's latency, few enough to leave room for others. */
const AT_ONCE = 16;

/**
 * DELETE of a collection: every matching object is deleted as by itself, and the answer lists those that were. What
 * went away meanwhile is no failure; any other failure stops, and asking again goes on from there.
 */
export async function deleteCollectionVerb(target: Target, context: RequestContext): Promise<void> {
  const { definition, store } = target;
  if (definition.namespaced && target.namespace === '') throw errors.methodNotAllowed(definition, 'deletecollection');
  const form = negotiate(context.req, context.info.query, 'list');
  const options = await sentDeleteOptions(definition, context);
  const page = await store.list(pageRequest(target, context.info.query));
  const done: ObjectItem[] = [];
  for (let start = 0; start < page.items.length; start += AT_ONCE) {
    context.signal.throwIfAborted();
    const deleted = await Promise.all(page.items.slice(start, start + AT_ONCE).map(deleteOne));
    done.push(...deleted.filter((item) => item !== undefined));
  }
  return answerList(context, form, definition, { ...page, items: done }, false);

  async function deleteOne(item: ObjectItem): Promise<ObjectItem | undefined> {
    const { 'metadata.name': name = '', 'metadata.namespace': namespace = '' } = item.summary.fields;
    try {
      await store.delete(name, context, { ...options, namespace });
      return item;
    } catch (error) {
      if (isError(error, 'notFound')) return undefined;
      throw error;
    }
  }
}
