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

/** The set with its elements in their order, as it is written. */
export function encodeFieldsV1(set: FieldTree): FieldTree {
  const keys = Object.keys(set);
  if (keys.length === 0) return LEAF;
  if (keys.length > 1) keys.sort(compareElements);
  const sorted: Record<string, FieldTree> = {};
  for (const key of keys) sorted[key] = encodeFieldsV1(set[key] as FieldTree);
  return sorted;
}
