import type { Shape } from '../../schema/shape.ts';
import { type JsonObject, type JsonValue, putMember } from '../json-value.ts';
import { fieldElement } from './elements.ts';
import { type FieldSet, type FieldTree, isMember } from './field-set.ts';
import { listItems } from './list-items.ts';
import { shapeOfField, structureOf } from './structure.ts';

/**
 * The object without what is in the set, each with everything in it; a container that has become empty by it goes, too.
 * A map or list that merges is never taken whole: what is in it without an owner (a finalizer or label of the server's
 * own) stays. What is owned whole is never taken apart. The argument is not changed.
 */
export function removeFields(object: JsonObject, set: FieldSet, shape: Shape): JsonObject {
  return set === undefined ? object : ((without(object, set, shape) as JsonObject | undefined) ?? {});
}

function without(value: JsonValue, set: FieldTree, shape: Shape): JsonValue | undefined {
  const structure = structureOf(value, shape);
  switch (structure.kind) {
    case 'leaf':
      return value;
    case 'fields': {
      const result: JsonObject = {};
      let removed = false;
      for (const [name, member] of Object.entries(structure.fields)) {
        const node = set[fieldElement(name)];
        const kept = node === undefined ? member : left(member, node, shapeOfField(shape, name));
        if (kept !== undefined) putMember(result, name, kept);
        removed ||= kept === undefined;
      }
      return removed && Object.keys(result).length === 0 ? undefined : result;
    }
    case 'items': {
      const { list, items } = structure;
      const result: JsonValue[] = [];
      for (const [element, item] of listItems(items, list)) {
        const node = set[element];
        const kept = node === undefined ? item : left(item, node, list.items);
        if (kept !== undefined) result.push(kept);
      }
      return items.length > 0 && result.length === 0 ? undefined : result;
    }
    default:
      return structure satisfies never;
  }
}

function left(value: JsonValue, node: FieldTree, shape: Shape): JsonValue | undefined {
  if (!isMember(node)) return without(value, node, shape);
  const { kind } = structureOf(value, shape);
  const merges = (shape.kind === 'map' && kind === 'fields') || kind === 'items';
  return merges && Object.keys(value as object).length > 0 ? without(value, node, shape) : undefined;
}
