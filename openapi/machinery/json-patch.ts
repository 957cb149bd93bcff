import { cloneJson, equalJson, isJsonObject, type JsonValue, putMember } from './json-value.ts';

/**
 * JSON Patch (RFC 6902) on plain data.
 *
 * J1 Atomic: the given document is never changed; a patch that fails leaves no trace.
 * J2 Bounded: at most 10,000 operations, copies add at most 3 MiB of text, as in kube-apiserver, and all insertions into
 *    lists and removals from them together move at most 20 million items (about 50 ms).
 * J3 No operation reaches anything that is not the document's own data; `__proto__` is a name like any other.
 */
export type JsonPatchFailure =
  /** The patch itself cannot be read: 400. */
  | 'undecodable'
  /** Too many operations or too much copied: 413. */
  | 'tooLarge'
  /** A path is missing or a test failed: 422 with Kubernetes' generic text. */
  | 'inapplicable';

export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError';
  readonly kind: JsonPatchFailure;
  constructor(kind: JsonPatchFailure, message: string) {
    super(message);
    this.kind = kind;
  }
}

const MAXIMUM_OPERATIONS = 10_000;
const MAXIMUM_COPIED = 3 * 1024 * 1024;
const MAXIMUM_MOVED = 20_000_000;

type Pointer = readonly string[];
type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: Pointer; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: Pointer }
  | { readonly op: 'move' | 'copy'; readonly path: Pointer; readonly from: Pointer };

/** Applies `patch` (already parsed JSON, of any shape) to `document` and returns the result. Throws JsonPatchError. */
export function applyJsonPatch(document: JsonValue, patch: unknown): JsonValue {
  const operations = decode(patch);
  let root = cloneJson(document);
  let copied = 0;
  const work = new Work();
  for (const operation of operations) {
    switch (operation.op) {
      case 'add':
        root = add(root, operation.path, cloneJson(operation.value), work);
        break;
      case 'remove':
        root = remove(root, operation.path, work).root;
        break;
      case 'replace':
        root = replace(root, operation.path, cloneJson(operation.value));
        break;
      case 'test':
        test(root, operation.path, operation.value);
        break;
      case 'move': {
        if (isProperPrefix(operation.from, operation.path)) {
          throw new JsonPatchError('inapplicable', `cannot move ${text(operation.from)} into one of its own children`);
        }
        const taken = remove(root, operation.from, work);
        root = add(taken.root, operation.path, taken.value, work);
        break;
      }
      case 'copy': {
        const value = read(root, operation.from);
        copied += JSON.stringify(value).length;
        if (copied > MAXIMUM_COPIED) {
          throw new JsonPatchError('tooLarge', `copy operations of a patch may add at most ${MAXIMUM_COPIED} bytes`);
        }
        root = add(root, operation.path, cloneJson(value), work);
        break;
      }
    }
  }
  return root;
}

/** J2: what operations on long lists cost. */
class Work {
  #moved = 0;

  move(items: number): void {
    this.#moved += items;
    if (this.#moved <= MAXIMUM_MOVED) return;
    throw new JsonPatchError('tooLarge', `the operations of a patch may move at most ${MAXIMUM_MOVED} items of lists`);
  }
}

function decode(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) throw new JsonPatchError('undecodable', 'a JSON patch is a list of operations');
  if (patch.length > MAXIMUM_OPERATIONS) {
    throw new JsonPatchError(
      'tooLarge',
      `The allowed maximum operations in a JSON patch is ${MAXIMUM_OPERATIONS}, got ${patch.length}`,
    );
  }
  return patch.map((item: unknown, index) => {
    if (!isJsonObject(item)) throw new JsonPatchError('undecodable', `operation ${index} is not an object`);
    const path = pointer(item.path, `operation ${index}: path`);
    const { op } = item;
    switch (op) {
      case 'add':
      case 'replace':
      case 'test':
        // RFC 6902 demands a value; Go clients leave out null.
        return { op, path, value: item.value ?? null };
      case 'remove':
        return { op, path };
      case 'move':
      case 'copy':
        return { op, path, from: pointer(item.from, `operation ${index}: from`) };
      default:
        throw new JsonPatchError('undecodable', `operation ${index}: unexpected kind ${JSON.stringify(op) ?? '""'}`);
    }
  });
}

function pointer(value: unknown, where: string): Pointer {
  if (typeof value !== 'string') throw new JsonPatchError('undecodable', `${where} is missing`);
  if (value === '') return [];
  if (!value.startsWith('/'))
    throw new JsonPatchError('undecodable', `${where} ${JSON.stringify(value)} must start with "/"`);
  const steps = value
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps;
}

const text = (path: Pointer) =>
  JSON.stringify(path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));

function missing(path: Pointer, why = 'does not exist'): JsonPatchError {
  return new JsonPatchError('inapplicable', `path ${text(path)} ${why}`);
}

/** A list index as RFC 6901 writes it: no sign, no leading zero, within `length`. */
function indexOf(step: string, length: number, path: Pointer): number {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(step)) throw missing(path, 'is not an index of a list');
  const index = Number(step);
  if (index >= length) throw missing(path, 'is beyond the end of the list');
  return index;
}

function child(parent: JsonValue, step: string, path: Pointer): JsonValue {
  if (Array.isArray(parent)) return parent[indexOf(step, parent.length, path)] ?? null;
  if (!isJsonObject(parent) || !Object.hasOwn(parent, step)) throw missing(path);
  return parent[step] ?? null;
}

function read(root: JsonValue, path: Pointer): JsonValue {
  let value = root;
  for (const step of path) value = child(value, step, path);
  return value;
}

function add(root: JsonValue, path: Pointer, value: JsonValue, work: Work): JsonValue {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(root, path.slice(0, -1));
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : indexOf(last, parent.length + 1, path);
    work.move(parent.length - index);
    parent.splice(index, 0, value);
  } else if (isJsonObject(parent)) {
    putMember(parent, last, value);
  } else {
    throw missing(path, 'has a parent that is neither an object nor a list');
  }
  return root;
}

function replace(root: JsonValue, path: Pointer, value: JsonValue): JsonValue {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(root, path.slice(0, -1));
  child(parent, last, path);
  if (Array.isArray(parent)) parent[Number(last)] = value;
  else if (isJsonObject(parent)) putMember(parent, last, value);
  return root;
}

function remove(root: JsonValue, path: Pointer, work: Work): { root: JsonValue; value: JsonValue } {
  const last = path.at(-1);
  if (last === undefined) throw missing(path, 'is the whole document and cannot be removed');
  const parent = read(root, path.slice(0, -1));
  const value = child(parent, last, path);
  if (Array.isArray(parent)) {
    work.move(parent.length - Number(last));
    parent.splice(Number(last), 1);
  } else if (isJsonObject(parent)) delete parent[last];
  return { root, value };
}

/** A test of null holds for a missing member too, as in the library that kube-apiserver uses. */
function test(root: JsonValue, path: Pointer, expected: JsonValue): void {
  const last = path.at(-1);
  const parent = last === undefined ? null : read(root, path.slice(0, -1));
  if (last !== undefined && expected === null && isJsonObject(parent) && !Object.hasOwn(parent, last)) return;
  if (!equalJson(read(root, path), expected)) throw new JsonPatchError('inapplicable', `test of ${text(path)} failed`);
}

function isProperPrefix(prefix: Pointer, path: Pointer): boolean {
  return prefix.length < path.length && prefix.every((step, index) => step === path[index]);
}
