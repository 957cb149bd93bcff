import { setImmediate as nextTurn } from 'node:timers/promises';
import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Item, ListQuery } from '../../storage/cache/cache.ts';
import { encodeContinue } from './continue-token.ts';
import type { ResourceCore, Summary } from './core.ts';
import { prefixOf } from './keys.ts';
import type { Selection } from './selection.ts';

export type ObjectItem = Item<KubernetesObject, Summary>;

export interface ObjectPage {
  readonly items: readonly ObjectItem[];
  /** The revision of the whole list, the same on all its pages. */
  readonly revision: bigint;
  /** '' on the last page. */
  readonly continue: string;
  /** Undefined where it is not known without looking at every object. */
  readonly remaining: number | undefined;
}

export interface PageRequest {
  readonly namespace: string;
  readonly show: ListQuery['show'];
  /** 0: no limit. */
  readonly limit: number;
  /** Relative to the list's prefix; '' from the start. */
  readonly after: string;
  readonly selection: Selection;
}

/** How many entries are asked for at once when a selector may drop most of them. */
const STRIDE = 1000;

/**
 * One page of a list. The limit counts objects that match, so a selective page may read many entries.
 * @throws StatusError 410 with a token to go on with, 504 when the revision has not come yet.
 */
export async function listObjects(core: ResourceCore, request: PageRequest): Promise<ObjectPage> {
  const { limit, selection, namespace } = request;
  const prefix = prefixOf(core.definition, namespace);
  const items: ObjectItem[] = [];
  let { show } = request;
  let after = request.after === '' ? undefined : prefix + request.after;
  for (;;) {
    const ask = limit === 0 ? undefined : selection.everything ? limit - items.length : STRIDE;
    const page = await core.cache.list(prefix, {
      show,
      ...(ask === undefined ? {} : { limit: ask }),
      ...(after === undefined ? {} : { after }),
    });
    switch (page.kind) {
      case 'too-new':
        throw errors.resourceVersionTooLarge(String(page.wanted), String(page.current));
      case 'expired':
        throw expired(request, page.oldest);
      case 'page':
        break;
      default:
        page satisfies never;
        throw new Error('unknown answer of the cache');
    }
    if (limit === 0) {
      const found = selection.everything ? page.items : await matching(page.items, selection);
      return { items: found, revision: page.revision, continue: '', remaining: undefined };
    }
    for (const [index, item] of page.items.entries()) {
      if (!selection.everything && !selection.matches(item.summary)) continue;
      items.push(item);
      if (items.length === limit) {
        const left = page.items.length - index - 1 + (page.more ? page.remaining : 0);
        const token = encodeContinue({ revision: page.revision, after: item.key.slice(prefix.length) });
        return {
          items,
          revision: page.revision,
          continue: left > 0 ? token : '',
          remaining: left > 0 && selection.everything ? left : undefined,
        };
      }
    }
    const last = page.items.at(-1);
    if (!page.more || last === undefined) {
      return { items, revision: page.revision, continue: '', remaining: undefined };
    }
    // All pages of one list show one revision.
    show = { kind: 'exactly', revision: page.revision };
    after = last.key;
  }
}

const TURN_MS = 5;

/** The items that are selected; the event loop gets its turn in between. */
async function matching(items: readonly ObjectItem[], selection: Selection): Promise<readonly ObjectItem[]> {
  const found: ObjectItem[] = [];
  let since = performance.now();
  for (const [index, item] of items.entries()) {
    if (selection.matches(item.summary)) found.push(item);
    if (index % 64 === 63 && performance.now() - since > TURN_MS) {
      await nextTurn();
      since = performance.now();
    }
  }
  return found;
}

/** A list that was begun can go on from the newest state; one that asked for an old revision cannot. */
function expired(request: PageRequest, oldest: bigint) {
  const wanted = request.show.kind === 'exactly' ? request.show.revision : 0n;
  if (request.after === '') {
    return errors.expired(`The resourceVersion for the provided list is too old: ${wanted} (${oldest})`);
  }
  const token = encodeContinue({ revision: -1n, after: request.after });
  return errors.expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list.',
    token,
  );
}
