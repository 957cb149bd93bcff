import { isJsonObject, type Shape } from './shape.ts';

/** Gives absent fields the defaults that the documents state. Values of a wrong type are left as they are. */
export function applyDefaults(value: unknown, shape: Shape): void {
  switch (shape.kind) {
    case 'any':
    case 'scalar':
      return;
    case 'array':
      if (Array.isArray(value)) for (const item of value) applyDefaults(item, shape.items);
      return;
    case 'map':
      if (isJsonObject(value)) for (const one of Object.values(value)) applyDefaults(one, shape.values);
      return;
    case 'object':
      if (!isJsonObject(value)) return;
      for (const [name, child] of shape.properties) {
        if (value[name] === undefined && child.default !== undefined) value[name] = structuredClone(child.default);
        if (value[name] !== undefined) applyDefaults(value[name], child);
      }
      return;
    default:
      shape satisfies never;
  }
}
