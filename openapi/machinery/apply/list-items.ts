import type { ArrayShape } from '../../schema/shape.ts';
import type { JsonValue } from '../json-value.ts';
import { indexElement, itemElement } from './elements.ts';

/** Items of a list of type set or map by their elements, in the order of the list. */
export type ListItems = ReadonlyMap<string, JsonValue>;

/**
 * For what is stored, which has been validated: of items that say the same the first counts, and one that does not say
 * which item it is goes by its place.
 */
export function listItems(list: readonly JsonValue[], shape: ArrayShape): ListItems {
  const found = new Map<string, JsonValue>();
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index] as JsonValue;
    const element = itemElement(item, shape);
    const known = typeof element === 'string' ? element : indexElement(index);
    if (!found.has(known)) found.set(known, item);
  }
  return found;
}
