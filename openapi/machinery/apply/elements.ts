import type { ArrayShape, Shape } from '../../schema/shape.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts';

/**
 * One step of a path, as text: `f:<name>` is a field, `k:{"name":"root"}` the item of a list with these keys,
 * `v:"x"` an item of a set, `i:0` an item by its place. Keys are sorted and JSON is compact, so that equal steps are
 * equal texts.
 */
export const fieldElement = (name: string): string => `f:${name}`;
export const indexElement = (index: number): string => `i:${index}`;
export const valueElement = (value: JsonValue): string => `v:${canonicalJson(value)}`;

/** Why an item has no element of its own. */
export type NoElement = { readonly problem: string };

/** The element of an item of a list of type set or map; `shape` is that of the list. */
export function itemElement(item: JsonValue, shape: ArrayShape): string | NoElement {
  if (shape.listType === 'set') {
    if (typeof item === 'object') return { problem: 'an item of a set must be a text, a number or true or false' };
    return valueElement(item);
  }
  if (!isJsonObject(item)) return { problem: 'an item of a list with keys must be an object' };
  let text = '';
  for (const { name, head, fallback } of keysOf(shape)) {
    const given = item[name];
    const value = given === undefined || given === null ? fallback : given;
    if (value === undefined) {
      return { problem: `the item lacks ${JSON.stringify(name)}, which says which item it is and has no default` };
    }
    text += `${text === '' ? '' : ','}${head}${canonicalJson(value)}`;
  }
  return `k:{${text}}`;
}

interface Key {
  readonly name: string;
  /** `"name":` */
  readonly head: string;
  readonly fallback: JsonValue | undefined;
}

const keysByShape = new WeakMap<ArrayShape, readonly Key[]>();

function keysOf(shape: ArrayShape): readonly Key[] {
  const known = keysByShape.get(shape);
  if (known !== undefined) return known;
  const { items } = shape;
  const member = (name: string): Shape | undefined =>
    items.kind === 'object' ? items.properties.get(name) : undefined;
  const keys = [...shape.keys].sort().map((name) => ({
    name,
    head: `${JSON.stringify(name)}:`,
    fallback: member(name)?.default as JsonValue | undefined,
  }));
  keysByShape.set(shape, keys);
  return keys;
}

function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`).join(',')}}`;
}

/** An element that came from outside in its one form; undefined when it is none. */
export function canonicalElement(text: string): string | undefined {
  const body = text.slice(2);
  switch (text.slice(0, 2)) {
    case 'f:':
      return text;
    case 'i:':
      return /^(0|[1-9][0-9]{0,9})$/.test(body) ? text : undefined;
    case 'v:': {
      const value = parsed(body);
      return value === undefined ? undefined : valueElement(value);
    }
    case 'k:': {
      const value = parsed(body);
      return isJsonObject(value) && Object.keys(value).length > 0 ? `k:${canonicalJson(value)}` : undefined;
    }
    default:
      return undefined;
  }
}

function parsed(json: string): JsonValue | undefined {
  try {
    return JSON.parse(json) as JsonValue;
  } catch {
    return undefined;
  }
}

const FIELD = 'f'.charCodeAt(0);
/** By first letter. */
const RANKS = new Map(['.', 'f', 'k', 'v', 'i'].map((letter, rank) => [letter.charCodeAt(0), rank]));

/** The order in which elements are written: itself, fields, keyed items, values, places; numbers by their size. */
export function compareElements(a: string, b: string): number {
  const [left, right] = [a.charCodeAt(0), b.charCodeAt(0)];
  if (left !== right) return (RANKS.get(left) ?? RANKS.size) - (RANKS.get(right) ?? RANKS.size);
  if (a === b) return 0;
  if (left === FIELD) return a < b ? -1 : 1;
  return compareValues(parsed(a.slice(2)), parsed(b.slice(2)));
}

function compareValues(a: JsonValue | undefined, b: JsonValue | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (isJsonObject(a) && isJsonObject(b)) return compareObjects(a, b);
  const [left, right] = [JSON.stringify(a) ?? '', JSON.stringify(b) ?? ''];
  return left === right ? 0 : left < right ? -1 : 1;
}

function compareObjects(a: JsonObject, b: JsonObject): number {
  const [left, right] = [Object.entries(a), Object.entries(b)];
  for (const [index, [name, value]] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = name === other[0] ? compareValues(value, other[1]) : name < other[0] ? -1 : 1;
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** A path as people read it: `.spec.volumes[name="root"].size`, `.metadata.finalizers[="x"]`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const body = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${body}`;
    case 'v:':
      return `[=${body}]`;
    case 'k:': {
      const keys = Object.entries((parsed(body) ?? {}) as JsonObject);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    default:
      return `[${body}]`;
  }
}
