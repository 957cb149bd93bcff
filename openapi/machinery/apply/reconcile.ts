import type { Shape } from '../../schema/shape.ts';
import { childrenOf, type FieldSet, type FieldTree, isMember, LEAF, nodeOf } from './field-set.ts';
import { belowElement } from './named-fields.ts';

/**
 * A set that was made when the documents said otherwise: who owns something in what is now owned whole owns the whole.
 * The same set, by reference, when nothing is to be done.
 */
export function reconcile(set: FieldSet, shape: Shape): FieldSet {
  return set === undefined ? undefined : fitted(set, shape, true);
}

function fitted(node: FieldTree, shape: Shape, root: boolean): FieldTree {
  const children = childrenOf(node);
  if (children.length === 0) return node;
  if (isWhole(shape)) return root ? node : LEAF;
  let same = true;
  const result: Record<string, FieldTree> = {};
  for (const [element, child] of children) {
    const fits = fitted(child, belowElement(shape, element)[0], false);
    if (fits !== child) same = false;
    result[element] = fits;
  }
  return same ? node : (nodeOf(isMember(node), result) as FieldTree);
}

function isWhole(shape: Shape): boolean {
  switch (shape.kind) {
    case 'scalar':
      return true;
    case 'object':
    case 'map':
      return shape.atomic;
    case 'array':
      return shape.listType === 'atomic';
    case 'any':
      return false;
    default:
      return shape satisfies never;
  }
}
