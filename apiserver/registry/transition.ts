import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { CacheEvent } from '../../storage/cache/cache.ts';
import type { Summary } from './core.ts';
import type { ObjectItem } from './list.ts';
import type { Selection } from './selection.ts';

/**
 * What an event means to a watcher that sees only some objects. An object that leaves the selection is DELETED for it,
 * in the state before, and one that enters is ADDED; both carry the event's revision.
 */
export type Transition =
  | { readonly kind: 'none' }
  | { readonly kind: 'ADDED' | 'MODIFIED'; readonly item: ObjectItem }
  | { readonly kind: 'DELETED'; readonly item: ObjectItem };

const NONE: Transition = { kind: 'none' };

export function transitionOf(event: CacheEvent<KubernetesObject, Summary>, selection: Selection): Transition {
  const seen = (item: ObjectItem | undefined) =>
    item !== undefined && (selection.everything || selection.matches(item.summary)) ? item : undefined;
  const before = seen(event.previous);
  const after = seen(event.item);
  if (after !== undefined) return { kind: before === undefined ? 'ADDED' : 'MODIFIED', item: after };
  return before === undefined ? NONE : { kind: 'DELETED', item: before };
}
