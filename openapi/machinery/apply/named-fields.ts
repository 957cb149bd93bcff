import type { Shape } from '../../schema/shape.ts';
import { type FieldSet, type FieldTree, isMember, nodeOf, SELF } from './field-set.ts';
import { isNamedField, shapeOfField } from './structure.ts';

/**
 * The set with every field that the documents name and that something is in. Such a field has no owner of its own in an
 * applied set; whoever owns the last thing in it owns it, too, when it is to go.
 */
export function withNamedFields(set: FieldSet, shape: Shape): FieldSet {
  return set === undefined ? undefined : complete(set, shape, false);
}

function complete(node: FieldTree, shape: Shape, member: boolean): FieldSet {
  const children: Record<string, FieldTree> = {};
  for (const element in node) {
    if (element === SELF) continue;
    const child = node[element] as FieldTree;
    const [below, named] = belowElement(shape, element);
    const completed = complete(child, below, named || isMember(child));
    if (completed !== undefined) children[element] = completed;
  }
  return nodeOf(member, children);
}

/** The shape below an element, and whether the element is a field that the documents name. */
export function belowElement(shape: Shape, element: string): readonly [shape: Shape, named: boolean] {
  if (element.startsWith('f:')) {
    const name = element.slice(2);
    return [shapeOfField(shape, name), isNamedField(shape, name)];
  }
  return [shape.kind === 'array' ? shape.items : { kind: 'any' }, false];
}
