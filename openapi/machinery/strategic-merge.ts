import type { ArrayShape, Shape } from '../schema/shape.ts';
import { cloneJson, isJsonObject, type JsonObject, type JsonValue, ownMember, putMember } from './json-value.ts';
import { type Identify, isInOrder, orderMerged } from './list-order.ts';

/**
 * Strategic merge patch, which kubectl sends for the kinds of Kubernetes: a merge patch that knows of lists, as the
 * documents describe them (x-kubernetes-patch-strategy, x-kubernetes-patch-merge-key).
 *
 * M1  Neither argument is changed; a patch that cannot be applied throws and leaves no trace.
 * M2  Objects merge, null removes a member. A list of strategy merge merges by its key, or as a set when its items are
 *     scalars; every other list is replaced.
 * M3  Directives never get into the result, wherever they stand: `$patch` (replace, delete, merge),
 *     `$deleteFromPrimitiveList/<list>`, `$setElementOrder/<list>`, `$retainKeys`.
 * M4  What the patch adds is merged into nothing: it looks as if it had been there before.
 */
export class StrategicMergeError extends Error {
  override readonly name = 'StrategicMergeError';
}

const PATCH = '$patch';
const RETAIN = '$retainKeys';
const REMOVE = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

/**
 * `shape` is that of the document's kind; without one every list is replaced.
 * @throws StrategicMergeError for a patch that contradicts itself or the lists.
 */
export function applyStrategicMerge(document: JsonValue, patch: JsonObject, shape: Shape | undefined): JsonValue {
  return mergeObject(isJsonObject(document) ? document : {}, patch, shape, '');
}

function mergeObject(original: JsonObject, patch: JsonObject, shape: Shape | undefined, path: string): JsonObject {
  const directive = directiveOf(patch, path);
  if (directive === 'delete') return {};
  const result = directive === 'replace' ? {} : retained(original, patch, path);
  const orders: [name: string, order: JsonValue[]][] = [];
  const removals: [name: string, items: JsonValue[]][] = [];
  for (const [key, value] of Object.entries(patch)) {
    if (key === PATCH || key === RETAIN) continue;
    if (key.startsWith(ORDER)) orders.push([key.slice(ORDER.length), listOf(value, key, path)]);
    else if (key.startsWith(REMOVE)) removals.push([key.slice(REMOVE.length), listOf(value, key, path)]);
    else if (value === null) delete result[key];
    else putMember(result, key, mergeValue(ownMember(result, key), value, childOf(shape, key), below(path, key)));
  }
  for (const [name, order] of orders) {
    const merged = ownMember(result, name);
    if (!Array.isArray(merged)) continue;
    const list = arrayOf(childOf(shape, name));
    requireKeys(order, list, below(path, name));
    const identify = identityOf(list);
    const sent = ownMember(patch, name);
    const items = Array.isArray(sent) ? sent.filter((item) => !isJsonObject(item) || item[PATCH] === undefined) : [];
    if (!isInOrder(items, order, identify)) {
      throw new StrategicMergeError(`the order of the items of ${below(path, name)} is not that of ${ORDER}${name}`);
    }
    const before = ownMember(original, name);
    putMember(result, name, orderMerged(merged, order, Array.isArray(before) ? before : [], identify));
  }
  for (const [name, items] of removals) {
    const list = ownMember(result, name);
    if (!Array.isArray(list)) continue;
    const gone = new Set(items.map((item) => JSON.stringify(item)));
    const left = list.filter((item) => !gone.has(JSON.stringify(item)));
    putMember(result, name, left);
  }
  return result;
}

function mergeValue(
  original: JsonValue | undefined,
  patch: JsonValue,
  shape: Shape | undefined,
  path: string,
): JsonValue {
  if (Array.isArray(patch)) return mergeList(Array.isArray(original) ? original : [], patch, arrayOf(shape), path);
  if (isJsonObject(patch)) return mergeObject(isJsonObject(original) ? original : {}, patch, shape, path);
  return patch;
}

function mergeList(
  original: readonly JsonValue[],
  patch: readonly JsonValue[],
  shape: ArrayShape | undefined,
  path: string,
): JsonValue[] {
  let kept = original;
  const deleted = new Set<string>();
  const wanted: JsonValue[] = [];
  const merges = shape?.merge !== undefined;
  const identify = identityOf(shape);
  requireKeys(patch, shape, path, (item) => item[PATCH] === 'replace');
  for (const item of patch) {
    const directive = isJsonObject(item) ? directiveOf(item, path) : undefined;
    switch (directive) {
      case 'delete': {
        if (!merges)
          throw new StrategicMergeError(`items of ${path} have no key to delete one by: send the whole list`);
        deleted.add(identify(item));
        break;
      }
      case 'replace':
        kept = [];
        break;
      case 'merge':
      case undefined:
        wanted.push(item);
        break;
      default:
        directive satisfies never;
    }
  }
  if (!merges) return wanted.map((item) => mergeValue(undefined, item, shape?.items, path));
  if (deleted.size > 0) kept = kept.filter((one) => !deleted.has(identify(one)));
  const merged = new Map<string, JsonValue>();
  for (const item of kept) merged.set(identify(item), item);
  for (const item of wanted) {
    const id = identify(item);
    merged.set(id, mergeValue(merged.get(id), item, shape?.items, path));
  }
  return orderMerged([...merged.values()], wanted, kept, identify);
}

/** The object without the members that $retainKeys does not name. */
function retained(original: JsonObject, patch: JsonObject, path: string): JsonObject {
  const keys = ownMember(patch, RETAIN);
  if (keys === undefined) return { ...original };
  const names = new Set(listOf(keys, RETAIN, path));
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$') || value === null || names.has(key)) continue;
    throw new StrategicMergeError(`${below(path, key)} is in the patch and not in its ${RETAIN}`);
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => names.has(key)));
}

function directiveOf(patch: JsonObject, path: string): 'replace' | 'delete' | 'merge' | undefined {
  const directive = ownMember(patch, PATCH);
  if (directive === undefined || directive === 'replace' || directive === 'delete' || directive === 'merge') {
    return directive;
  }
  const given = JSON.stringify(directive);
  throw new StrategicMergeError(`${below(path, PATCH)} is ${given}; it must be replace, delete or merge`);
}

/** What the items of a list are told apart by: their key, or themselves where they have none. */
function identityOf(shape: ArrayShape | undefined): Identify {
  const key = shape?.merge?.key;
  return (item) => JSON.stringify((key !== undefined && isJsonObject(item) ? ownMember(item, key) : undefined) ?? item);
}

/** What is stored may lack its key; what is sent must say which item it means. */
function requireKeys(
  items: readonly JsonValue[],
  shape: ArrayShape | undefined,
  path: string,
  exempt: (item: JsonObject) => boolean = () => false,
): void {
  const key = shape?.merge?.key;
  if (key === undefined) return;
  for (const item of items) {
    if (isJsonObject(item) && (exempt(item) || (ownMember(item, key) ?? null) !== null)) continue;
    throw new StrategicMergeError(`every item of ${path} must be an object with ${key}, which says which item it is`);
  }
}

const arrayOf = (shape: Shape | undefined) => (shape?.kind === 'array' ? shape : undefined);

function childOf(shape: Shape | undefined, name: string): Shape | undefined {
  if (shape?.kind === 'map') return shape.values;
  return shape?.kind === 'object' ? shape.properties.get(name) : undefined;
}

function listOf(value: JsonValue, key: string, path: string): JsonValue[] {
  if (Array.isArray(value)) return cloneJson(value);
  throw new StrategicMergeError(`${below(path, key)} must be a list`);
}

const below = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
