import type { Shape } from '../../schema/shape.ts';
import { type FieldSet, type FieldTree, LEAF, SELF } from './field-set.ts';
import { belowElement } from './named-fields.ts';

/**
 * A set that was made when the documents said otherwise: who owns something in what is now owned whole owns the whole.
 * The same set, by reference, when nothing is to be done.
 */
export function reconcile(set: FieldSet, shape: Shape): FieldSet {
  return set === undefined ? undefined : fitted(set, shape, true);
}

function fitted(node: FieldTree, shape: Shape, root: boolean): FieldTree {
  let result: Record<string, FieldTree> | undefined;
  for (const element in node) {
    if (element === SELF) continue;
    if (isWhole(shape)) return root ? node : LEAF;
    const child = node[element] as FieldTree;
    const fits = fitted(child, belowElement(shape, element)[0], false);
    if (fits === child) continue;
    result ??= { ...node };
    result[element] = fits;
  }
  return result ?? node;
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
