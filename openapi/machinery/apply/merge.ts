import type { ArrayShape, Shape } from '../../schema/shape.ts';
import { type JsonObject, type JsonValue, ownMember, putMember } from '../json-value.ts';
import { listItems } from './list-items.ts';
import { shapeOfField, structureOf } from './structure.ts';

/**
 * The live object with a configuration laid over it: granular maps and lists merge, everything else is the
 * configuration's where it speaks of it. Neither argument is changed; parts of both are in the result.
 */
export function mergeConfiguration(live: JsonObject, configuration: JsonObject, shape: Shape): JsonObject {
  return mergeFields(live, configuration, shape);
}

function merge(live: JsonValue, wanted: JsonValue, shape: Shape): JsonValue {
  const [old, now] = [structureOf(live, shape), structureOf(wanted, shape)];
  if (old.kind === 'fields' && now.kind === 'fields') return mergeFields(old.fields, now.fields, shape);
  if (old.kind === 'items' && now.kind === 'items') return mergeItems(old.items, now.items, now.list);
  return wanted;
}

function mergeFields(live: JsonObject, wanted: JsonObject, shape: Shape): JsonObject {
  const result: JsonObject = { ...live };
  for (const [name, value] of Object.entries(wanted)) {
    const before = ownMember(live, name);
    putMember(result, name, before === undefined ? value : merge(before, value, shapeOfField(shape, name)));
  }
  return result;
}

/**
 * Items that the configuration names stand in its order; those that only the live list has come as soon as everything
 * before them in the live list has come or will come later by the configuration's order.
 */
function mergeItems(live: readonly JsonValue[], wanted: readonly JsonValue[], shape: ArrayShape): JsonValue[] {
  const [before, after] = [listItems(live, shape), listItems(wanted, shape)];
  const [liveOrder, order] = [[...before.keys()], [...after.keys()]];
  const shared = order.filter((element) => before.has(element));
  const result: JsonValue[] = [];
  const take = (element: string): void => {
    const [old, now] = [before.get(element), after.get(element)];
    if (now === undefined) result.push(old as JsonValue);
    else result.push(old === undefined ? now : merge(old, now, shape.items));
  };
  let [place, at, next] = [0, 0, 0];
  while (place < liveOrder.length || at < order.length) {
    const [old, now] = [liveOrder[place], order[at]];
    if (old !== undefined && !after.has(old)) {
      take(old);
      place += 1;
    } else if (now === undefined || (old !== undefined && old !== now && old !== shared[next])) {
      // It was taken by the configuration's order, or will be.
      place += 1;
    } else {
      take(now);
      at += 1;
      if (now === shared[next]) next += 1;
      if (now === old) place += 1;
    }
  }
  return result;
}
