import { cloneJson } from '../machinery/json-value.ts';
import { childrenOf, isJsonObject, type Shape } from './shape.ts';

/**
 * Gives absent fields the defaults that the documents state. Values of a wrong type are left as they are.
 *
 * `stored` leaves the items of lists alone: clients that merge by JSON merge patch send a list whole, so a default that
 * was written into an item would make every `kubectl apply` of the same file a change. What uses an object takes all
 * defaults (`everywhere`) on its own copy.
 */
export function applyDefaults(value: unknown, shape: Shape, reach: 'stored' | 'everywhere'): void {
  if (!statesDefaults(shape)) return;
  switch (shape.kind) {
    case 'any':
    case 'scalar':
      return;
    case 'array':
      if (reach === 'everywhere' && Array.isArray(value))
        for (const item of value) applyDefaults(item, shape.items, reach);
      return;
    case 'map':
      if (isJsonObject(value)) for (const one of Object.values(value)) applyDefaults(one, shape.values, reach);
      return;
    case 'object':
      if (!isJsonObject(value)) return;
      for (const [name, child] of shape.properties) {
        if (value[name] === undefined && child.default !== undefined) value[name] = cloneJson(child.default);
        if (value[name] !== undefined) applyDefaults(value[name], child, reach);
      }
      return;
    default:
      shape satisfies never;
  }
}

/** Most of a document states no default: whether a shape does, below itself, is found out once. */
const stating = new WeakMap<Shape, boolean>();

function statesDefaults(shape: Shape): boolean {
  const known = stating.get(shape);
  if (known !== undefined) return known;
  const found = childrenOf(shape).some((child) => child.default !== undefined || statesDefaults(child));
  stating.set(shape, found);
  return found;
}
