/**
 * A set of fields as a tree, in the very form in which metadata.managedFields carries it (FieldsV1): a key is one
 * element of a path (elements.ts), so reading and writing a set is no work at all.
 *
 * F1  A node without keys is in the set itself, and nothing below it is. "." says so for a node that has keys too.
 * F2  No node is empty in the sense of the set: what has neither itself nor anything below it is left out.
 * F3  Sets are never changed. What an operation does not touch is in the result by reference, so `===` tells that
 *     nothing happened.
 */
export interface FieldTree {
  readonly [element: string]: FieldTree;
}

/** Undefined is the empty set; the root itself is in no set. */
export type FieldSet = FieldTree | undefined;

export const LEAF: FieldTree = Object.freeze({});
/** The node itself, where it has children too. */
export const SELF = '.';

export function isMember(node: FieldTree): boolean {
  if (node[SELF] !== undefined) return true;
  for (const _key in node) return false;
  return true;
}

/** A node of these children (which must not contain "."); undefined when nothing is in it. */
export function nodeOf(member: boolean, children: Record<string, FieldTree>): FieldSet {
  for (const _key in children) return member ? { [SELF]: LEAF, ...children } : children;
  return member ? LEAF : undefined;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  const children: Record<string, FieldTree> = {};
  let same = true;
  for (const key in a) {
    if (key === SELF) continue;
    const own = a[key] as FieldTree;
    const other = b[key];
    const both = other === undefined ? own : (union(own, other) as FieldTree);
    if (both !== own) same = false;
    children[key] = both;
  }
  for (const key in b) {
    if (key === SELF || children[key] !== undefined) continue;
    children[key] = b[key] as FieldTree;
    same = false;
  }
  const member = isMember(a) || isMember(b);
  return same && member === isMember(a) ? a : nodeOf(member, children);
}

/** What is in `a` and not in `b`, element by element: a container that is in `b` does not take its fields along. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (a === undefined || b === undefined) return a;
  const children: Record<string, FieldTree> = {};
  let same = true;
  for (const key in a) {
    if (key === SELF) continue;
    const own = a[key] as FieldTree;
    const left = difference(own, b[key]);
    if (left !== own) same = false;
    if (left !== undefined) children[key] = left;
  }
  const before = isMember(a);
  const member = before && !isMember(b);
  return same && member === before ? a : nodeOf(member, children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === undefined || b === undefined) return undefined;
  const children: Record<string, FieldTree> = {};
  for (const key in a) {
    if (key === SELF) continue;
    const both = intersection(a[key], b[key]);
    if (both !== undefined) children[key] = both;
  }
  return nodeOf(isMember(a) && isMember(b), children);
}

/** Every member as a path of elements, containers before what is in them. */
export function pathsOf(set: FieldSet): string[][] {
  const found: string[][] = [];
  const walk = (node: FieldTree, path: readonly string[]): void => {
    if (path.length > 0 && isMember(node)) found.push([...path]);
    for (const [element, child] of Object.entries(node)) if (element !== SELF) walk(child, [...path, element]);
  };
  if (set !== undefined) walk(set, []);
  return found;
}

/** True when the very path is in the set. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet = set;
  for (const element of path) node = node?.[element];
  return node !== undefined && path.length > 0 && isMember(node);
}
