import type { JsonValue } from './json-value.ts';

/** What an item of a list is known by, as text that can be compared. */
export type Identify = (item: JsonValue) => string;

/**
 * The order of a list after a strategic merge: items that the patch names stand in the patch's order (`wanted`), all
 * others in the order that they had on the server, and an item of the server that stood before one of the patch's still
 * does where that is possible. Every item of `merged` is in the result once.
 */
export function orderMerged(
  merged: readonly JsonValue[],
  wanted: readonly JsonValue[],
  server: readonly JsonValue[],
  identify: Identify,
): JsonValue[] {
  const inPatch = positions(wanted, identify);
  const onServer = positions(server, identify);
  const by = (order: ReadonlyMap<string, number>) => (a: JsonValue, b: JsonValue) =>
    (order.get(identify(a)) ?? order.size) - (order.get(identify(b)) ?? order.size);
  const named = merged.filter((item) => inPatch.has(identify(item))).sort(by(inPatch));
  const others = merged.filter((item) => !inPatch.has(identify(item))).sort(by(onServer));
  const result: JsonValue[] = [];
  let next = 0;
  for (const item of named) {
    const place = onServer.get(identify(item));
    for (; next < others.length; next += 1) {
      const other = others[next] as JsonValue;
      const before = onServer.get(identify(other));
      if (place === undefined || before === undefined || before > place) break;
      result.push(other);
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

/** True when `part` is `whole` with items left out. */
export function isInOrder(part: readonly JsonValue[], whole: readonly JsonValue[], identify: Identify): boolean {
  let next = 0;
  for (const item of whole) {
    const wanted = part[next];
    if (next < part.length && wanted !== undefined && identify(wanted) === identify(item)) next += 1;
  }
  return next === part.length;
}

function positions(list: readonly JsonValue[], identify: Identify): Map<string, number> {
  const found = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const id = identify(item);
    if (!found.has(id)) found.set(id, index);
  }
  return found;
}
