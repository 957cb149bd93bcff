import { type FieldError, field } from '../machinery/errors.ts';
import { isJsonObject, type Shape } from './shape.ts';

/** So many items all lists and maps of one object may hold together; to check more takes too long. */
export const MOST_ITEMS = 20_000;

/** The list or map at which an object has more than that; undefined for all objects that people write. */
export function crowdError(value: unknown, shape: Shape): FieldError | undefined {
  let left = MOST_ITEMS;
  const walk = (one: unknown, known: Shape, path: string): FieldError | undefined => {
    switch (known.kind) {
      case 'any':
      case 'scalar':
        return undefined;
      case 'array': {
        if (!Array.isArray(one)) return undefined;
        left -= one.length;
        if (left < 0) return field.tooMany(path, one.length, MOST_ITEMS);
        return first(one.entries(), (item, index) => walk(item, known.items, `${path}[${index}]`));
      }
      case 'map': {
        if (!isJsonObject(one)) return undefined;
        const entries = Object.entries(one);
        left -= entries.length;
        if (left < 0) return field.tooMany(path, entries.length, MOST_ITEMS);
        return first(entries, (item, key) => walk(item, known.values, `${path}[${key}]`));
      }
      case 'object':
        if (!isJsonObject(one)) return undefined;
        return first(known.properties, (child, name) =>
          Object.hasOwn(one, name) ? walk(one[name], child, path === '' ? name : `${path}.${name}`) : undefined,
        );
      default:
        return known satisfies never;
    }
  };
  return walk(value, shape, '');
}

function first<K, V>(entries: Iterable<readonly [K, V]>, find: (value: V, key: K) => FieldError | undefined) {
  for (const [key, value] of entries) {
    const found = find(value, key);
    if (found !== undefined) return found;
  }
  return undefined;
}
