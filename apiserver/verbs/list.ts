import type { PageRequest } from '../registry/list.ts';
import { selectionOf } from '../registry/selection.ts';
import type { RequestContext } from '../request/context.ts';
import { answerList } from './answer-list.ts';
import { listOptions } from './list-options.ts';
import { negotiate } from './negotiate.ts';
import { booleanOf } from './options.ts';
import type { Target } from './target.ts';

/** GET of a collection. A namespace that does not exist has no objects; that is no error. */
export async function listVerb(target: Target, context: RequestContext): Promise<void> {
  const { query } = context.info;
  const form = negotiate(context.req, query, 'list');
  const page = await target.store.list(pageRequest(target, query));
  return answerList(context, form, target.definition, page, booleanOf(query.get('live')));
}

export function pageRequest(target: Target, query: URLSearchParams): PageRequest {
  const { show, limit } = listOptions(query);
  const common = { namespace: target.namespace, limit, selection: selectionOf(target.definition, query) };
  if (show.kind !== 'continue') return { ...common, show, after: '' };
  const { revision, after } = show.token;
  return { ...common, show: revision === -1n ? { kind: 'newest' } : { kind: 'exactly', revision }, after };
}
