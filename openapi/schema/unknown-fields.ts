import { isJsonObject, type Shape } from './shape.ts';

/** Paths of fields that the shape does not know, in the object's order: `spec.domain.devices.disks[0].tray`. */
export function unknownFields(value: unknown, shape: Shape): string[] {
  const found: string[] = [];
  walk(value, shape, '', (_parent, _name, path) => found.push(path));
  return found;
}

/** Removes them. A value of the wrong type stays, for validation to refuse. */
export function prune(value: unknown, shape: Shape): void {
  walk(value, shape, '', (parent, name) => delete parent[name]);
}

function walk(
  value: unknown,
  shape: Shape,
  path: string,
  unknown: (parent: Record<string, unknown>, name: string, path: string) => void,
): void {
  switch (shape.kind) {
    case 'any':
    case 'scalar':
      return;
    case 'array':
      if (!Array.isArray(value)) return;
      for (const [index, item] of value.entries()) walk(item, shape.items, `${path}[${index}]`, unknown);
      return;
    case 'map':
      if (!isJsonObject(value)) return;
      for (const [name, one] of Object.entries(value)) walk(one, shape.values, `${path}[${name}]`, unknown);
      return;
    case 'object':
      if (!isJsonObject(value)) return;
      for (const [name, one] of Object.entries(value)) {
        const at = path === '' ? name : `${path}.${name}`;
        const child = shape.properties.get(name);
        if (child) walk(one, child, at, unknown);
        else unknown(value, name, at);
      }
      return;
    default:
      shape satisfies never;
  }
}
