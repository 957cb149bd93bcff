import { isJsonObject, type Shape } from './shape.ts';

/** Paths of fields that the shape does not know, in the object's order: `spec.domain.devices.disks[0].tray`. */
export function unknownFields(value: unknown, shape: Shape): string[] {
  const found: string[] = [];
  walk(value, shape, undefined, (_parent, name, place) => found.push(pathOf(place, name)));
  return found;
}

/** Removes them. A value of the wrong type stays, for validation to refuse. */
export function prune(value: unknown, shape: Shape): void {
  walk(value, shape, undefined, (parent, name) => delete parent[name]);
}

/** Where the walk is. The path is put together only for what is found, which is nothing in almost all objects. */
interface Place {
  readonly above: Place | undefined;
  readonly step: string | number;
  readonly kind: 'field' | 'key' | 'item';
}

type Found = (parent: Record<string, unknown>, name: string, place: Place | undefined) => void;

function walk(value: unknown, shape: Shape, place: Place | undefined, unknown: Found): void {
  switch (shape.kind) {
    case 'any':
    case 'scalar':
      return;
    case 'array':
      if (!Array.isArray(value) || isLeaf(shape.items)) return;
      for (let step = 0; step < value.length; step += 1)
        walk(value[step], shape.items, { above: place, step, kind: 'item' }, unknown);
      return;
    case 'map':
      if (!isJsonObject(value) || isLeaf(shape.values)) return;
      for (const step of Object.keys(value))
        walk(value[step], shape.values, { above: place, step, kind: 'key' }, unknown);
      return;
    case 'object':
      if (!isJsonObject(value)) return;
      for (const step of Object.keys(value)) {
        const child = shape.properties.get(step);
        if (child === undefined) unknown(value, step, place);
        else if (!isLeaf(child)) walk(value[step], child, { above: place, step, kind: 'field' }, unknown);
      }
      return;
    default:
      shape satisfies never;
  }
}

const isLeaf = (shape: Shape): boolean => shape.kind === 'scalar' || shape.kind === 'any';

function pathOf(place: Place | undefined, name: string): string {
  let path = name;
  let dot = '.';
  for (let at = place; at !== undefined; at = at.above) {
    const step = at.kind === 'field' ? String(at.step) : `[${at.step}]`;
    path = `${step}${dot}${path}`;
    dot = at.kind === 'field' ? '.' : '';
  }
  return path;
}
