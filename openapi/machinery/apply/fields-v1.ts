import { canonicalElement, compareElements } from './elements.ts';
import { type FieldSet, type FieldTree, LEAF, nodeOf } from './field-set.ts';

/**
 * fieldsV1 of somebody else's making as a set; 'undecodable' when it is none. Elements are brought into their one form,
 * so that sets of all origins can be compared.
 */
export function decodeFieldsV1(fields: unknown): FieldSet | 'undecodable' {
  if (fields === undefined || fields === null) return undefined;
  const root = decodeNode(fields);
  if (root === undefined) return 'undecodable';
  // The root is in no set, whatever is said of it.
  const { '.': _self, ...children } = root;
  return nodeOf(false, children);
}

function decodeNode(value: unknown): FieldTree | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const node: Record<string, FieldTree> = {};
  for (const [key, below] of Object.entries(value)) {
    const child = decodeNode(below);
    const element = key === '.' ? key : canonicalElement(key);
    if (child === undefined || element === undefined) return undefined;
    node[element] = key === '.' ? LEAF : child;
  }
  return node;
}

/** The set with its elements in their order, as it is written; what is in order already is passed on as it is. */
export function encodeFieldsV1(set: FieldTree): FieldTree {
  const keys = Object.keys(set);
  let same = true;
  for (let index = 1; index < keys.length && same; index += 1) {
    same = compareElements(keys[index - 1] as string, keys[index] as string) < 0;
  }
  const children = keys.map((key) => {
    const child = set[key] as FieldTree;
    const encoded = encodeFieldsV1(child);
    same &&= encoded === child;
    return encoded;
  });
  if (same) return set;
  const sorted: Record<string, FieldTree> = {};
  const order = keys.map((key, index) => [key, children[index] as FieldTree] as const);
  for (const [key, child] of order.sort(([a], [b]) => compareElements(a, b))) sorted[key] = child;
  return sorted;
}
