import type { Shape } from '../../schema/shape.ts';
import { equalJson, type JsonObject, type JsonValue, ownMember } from '../json-value.ts';
import { fieldElement } from './elements.ts';
import { difference, type FieldSet, type FieldTree, LEAF } from './field-set.ts';
import { type ListItems, listItems } from './list-items.ts';
import { shapeOfField, structureOf } from './structure.ts';

/**
 * What a write did, as two sets. A container that comes or goes is named with everything in it; one that stays is not
 * named, only what changed in it is. The order of items in a list that merges is no change.
 */
export interface Changes {
  /** Added, or of another value than before. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

const NONE: Changes = { changed: undefined, removed: undefined };

/** In linear time; `before` and `after` are looked at and not kept. */
export function changesOf(before: JsonObject, after: JsonObject, shape: Shape): Changes {
  return compare(before, after, shape) ?? NONE;
}

/** Undefined when both are the same, which is what most of every object is. */
function compare(before: JsonValue, after: JsonValue, shape: Shape): Changes | undefined {
  if (before === after) return undefined;
  const [old, now] = [structureOf(before, shape), structureOf(after, shape)];
  if (old.kind === 'fields' && now.kind === 'fields') return compareFields(old.fields, now.fields, shape);
  if (old.kind === 'items' && now.kind === 'items') {
    return compareItems(listItems(old.items, old.list), listItems(now.items, now.list), now.list.items);
  }
  if (old.kind === 'leaf' && now.kind === 'leaf') {
    return equalJson(before, after) ? undefined : { changed: LEAF, removed: undefined };
  }
  const changed = everything(after, shape);
  return { changed, removed: difference(everything(before, shape), changed) };
}

function compareFields(before: JsonObject, after: JsonObject, shape: Shape): Changes | undefined {
  const found = new Found();
  for (const name in after) {
    const value = after[name];
    if (value === undefined) continue;
    found.note(fieldElement(name), ownMember(before, name), value, shapeOfField(shape, name));
  }
  for (const name in before) {
    if (before[name] === undefined || ownMember(after, name) !== undefined) continue;
    found.note(fieldElement(name), before[name], undefined, shapeOfField(shape, name));
  }
  return found.changes();
}

function compareItems(before: ListItems, after: ListItems, shape: Shape): Changes | undefined {
  const found = new Found();
  for (const [element, item] of after) found.note(element, before.get(element), item, shape);
  for (const [element, item] of before) if (!after.has(element)) found.note(element, item, undefined, shape);
  return found.changes();
}

/** Gathers the children of one node; nothing is allocated where nothing changed. */
class Found {
  private changed: Record<string, FieldTree> | undefined;
  private removed: Record<string, FieldTree> | undefined;

  note(element: string, before: JsonValue | undefined, after: JsonValue | undefined, shape: Shape): void {
    if (after === undefined) {
      if (before === undefined) return;
      this.removed ??= {};
      this.removed[element] = everything(before, shape);
    } else if (before === undefined) {
      this.changed ??= {};
      this.changed[element] = everything(after, shape);
    } else {
      const changes = compare(before, after, shape);
      if (changes?.changed !== undefined) {
        this.changed ??= {};
        this.changed[element] = changes.changed;
      }
      if (changes?.removed !== undefined) {
        this.removed ??= {};
        this.removed[element] = changes.removed;
      }
    }
  }

  changes(): Changes | undefined {
    if (this.changed === undefined && this.removed === undefined) return undefined;
    return { changed: this.changed, removed: this.removed };
  }
}

/** A value that came or went: itself and all that is in it, in the order in which it is written. */
function everything(value: JsonValue, shape: Shape): FieldTree {
  const structure = structureOf(value, shape);
  switch (structure.kind) {
    case 'leaf':
      return LEAF;
    case 'fields': {
      const { fields } = structure;
      const node: Record<string, FieldTree> = { '.': LEAF };
      let empty = true;
      for (const name of Object.keys(fields).sort()) {
        const member = fields[name];
        if (member === undefined) continue;
        node[fieldElement(name)] = everything(member, shapeOfField(shape, name));
        empty = false;
      }
      return empty ? LEAF : node;
    }
    case 'items': {
      const { list, items } = structure;
      if (items.length === 0) return LEAF;
      const node: Record<string, FieldTree> = { '.': LEAF };
      for (const [element, item] of listItems(items, list)) node[element] = everything(item, list.items);
      return node;
    }
    default:
      return structure satisfies never;
  }
}
