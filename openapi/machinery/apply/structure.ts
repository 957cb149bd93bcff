import type { ArrayShape, Shape } from '../../schema/shape.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts';

/**
 * How a value is owned: whole, or member by member, or item by item. The documents say so by list and map types; where
 * they say nothing (any) maps are granular and lists are atomic. A value of another form than its shape is owned whole.
 */
export type Structure =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'fields'; readonly fields: JsonObject }
  | { readonly kind: 'items'; readonly items: readonly JsonValue[]; readonly list: ArrayShape };

const WHOLE: Structure = { kind: 'leaf' };

export function structureOf(value: JsonValue, shape: Shape): Structure {
  switch (shape.kind) {
    case 'scalar':
      return WHOLE;
    case 'object':
    case 'map':
      return !shape.atomic && isJsonObject(value) ? { kind: 'fields', fields: value } : WHOLE;
    case 'array':
      return shape.listType !== 'atomic' && Array.isArray(value) ? { kind: 'items', items: value, list: shape } : WHOLE;
    case 'any':
      return isJsonObject(value) ? { kind: 'fields', fields: value } : WHOLE;
    default:
      return shape satisfies never;
  }
}

/** The shape below a field; members that an object does not know hold anything. */
export function shapeOfField(shape: Shape, name: string): Shape {
  if (shape.kind === 'object') return shape.properties.get(name) ?? ANYTHING;
  return shape.kind === 'map' ? shape.values : ANYTHING;
}

/** A member that the documents name, unlike a key of a map. */
export function isNamedField(shape: Shape, name: string): boolean {
  return shape.kind === 'object' && shape.properties.has(name);
}

const ANYTHING: Shape = { kind: 'any' };
