import { type FieldError, field, MOST_FIELD_ERRORS } from '../machinery/errors.ts';
import { formatError } from './formats.ts';
import { childrenOf, isJsonObject, type Shape } from './shape.ts';

/** Formats of values, and keys of list maps and items of sets that occur twice. */
export function valueErrors(value: unknown, shape: Shape, path = ''): FieldError[] {
  const found: FieldError[] = [];
  walk(value, shape, path, found);
  return found;
}

/** Whether a shape has anything to check, itself or below; most have not, and it is found out once. */
const checking = new WeakMap<Shape, boolean>();

function hasRules(shape: Shape): boolean {
  const known = checking.get(shape);
  if (known !== undefined) return known;
  const own = shape.kind === 'scalar' ? shape.format !== '' : shape.kind === 'array' && shape.listType !== 'atomic';
  const found = own || childrenOf(shape).some(hasRules);
  checking.set(shape, found);
  return found;
}

function walk(value: unknown, shape: Shape, path: string, found: FieldError[]): void {
  if (!hasRules(shape) || found.length > MOST_FIELD_ERRORS) return;
  switch (shape.kind) {
    case 'any':
      return;
    case 'scalar': {
      const error = shape.format === '' ? undefined : formatError(shape.format, value, path);
      if (error) found.push(error);
      return;
    }
    case 'array':
      if (!Array.isArray(value)) return;
      if (shape.listType === 'map') duplicateKeys(value, shape.keys, path, found);
      if (shape.listType === 'set') duplicateItems(value, path, found);
      for (const [index, item] of value.entries()) walk(item, shape.items, `${path}[${index}]`, found);
      return;
    case 'map':
      if (!isJsonObject(value)) return;
      for (const [name, one] of Object.entries(value)) walk(one, shape.values, `${path}[${name}]`, found);
      return;
    case 'object':
      if (!isJsonObject(value)) return;
      for (const [name, child] of shape.properties) {
        // Metadata has rules of its own (openapi/machinery/metadata.ts).
        if (path === '' && name === 'metadata') continue;
        if (value[name] !== undefined && hasRules(child))
          walk(value[name], child, path === '' ? name : `${path}.${name}`, found);
      }
      return;
    default:
      shape satisfies never;
  }
}

/** One key is reported where it stands (`disks[1].name`), several as the object that they make (`ports[1]`). */
function duplicateKeys(items: readonly unknown[], keys: readonly string[], path: string, found: FieldError[]): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (found.length > MOST_FIELD_ERRORS) return;
    if (!isJsonObject(item)) continue;
    const named = Object.fromEntries(keys.map((key) => [key, item[key]]));
    const text = JSON.stringify(named);
    const [first = '', ...more] = keys;
    if (!seen.has(text)) seen.add(text);
    // An absent key is reported as required already.
    else if (more.length > 0) found.push(field.duplicate(`${path}[${index}]`, named));
    else if (item[first] !== undefined) found.push(field.duplicate(`${path}[${index}].${first}`, item[first]));
  }
}

function duplicateItems(items: readonly unknown[], path: string, found: FieldError[]): void {
  const seen = new Set<unknown>();
  for (const [index, item] of items.entries()) {
    if (found.length > MOST_FIELD_ERRORS) return;
    if (seen.has(item)) found.push(field.duplicate(`${path}[${index}]`, item));
    seen.add(item);
  }
}
