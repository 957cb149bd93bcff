import type { Shape } from '../../schema/shape.ts';
import type { JsonObject, JsonValue } from '../json-value.ts';
import { fieldElement, itemElement, pathText } from './elements.ts';
import { type FieldSet, type FieldTree, LEAF, nodeOf } from './field-set.ts';
import { isNamedField, shapeOfField, structureOf } from './structure.ts';

/** A configuration of which no set can be made; the message begins with the path. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * The fields that a configuration speaks of, which its manager owns from then on. Fields that the documents name are
 * containers only, so they are in the set when they are empty; keys of maps and items of lists are in it themselves.
 * @throws ConfigurationError for items that do not say which they are, or say it twice.
 */
export function appliedSet(configuration: JsonObject, shape: Shape): FieldSet {
  return setBelow(configuration, shape, []);
}

function setOf(value: JsonValue, shape: Shape, path: string[]): FieldSet {
  return structureOf(value, shape).kind === 'leaf' ? LEAF : setBelow(value, shape, path);
}

/** What is in the set below a container. */
function setBelow(value: JsonValue, shape: Shape, path: string[]): FieldSet {
  const structure = structureOf(value, shape);
  const children: Record<string, FieldTree> = {};
  switch (structure.kind) {
    case 'leaf':
      break;
    case 'fields':
      for (const [name, member] of Object.entries(structure.fields)) {
        const element = fieldElement(name);
        path.push(element);
        const below = setOf(member, shapeOfField(shape, name), path);
        path.pop();
        const itself = !isNamedField(shape, name) || isEmpty(member);
        const node = itself ? withItself(below) : below;
        if (node !== undefined) children[element] = node;
      }
      break;
    case 'items': {
      const { list } = structure;
      for (const [index, item] of structure.items.entries()) {
        const element = itemElement(item, list);
        if (typeof element !== 'string') throw problem(path, `item ${index}: ${element.problem}`);
        if (children[element] !== undefined) throw problem(path, `item ${index}: a second ${pathText([element])}`);
        path.push(element);
        children[element] = withItself(setOf(item, list.items, path));
        path.pop();
      }
      break;
    }
    default:
      structure satisfies never;
  }
  return nodeOf(false, children);
}

function withItself(node: FieldSet): FieldTree {
  if (node === undefined || node === LEAF) return LEAF;
  const { '.': _already, ...children } = node;
  return nodeOf(true, children) as FieldTree;
}

const isEmpty = (value: JsonValue) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const problem = (path: readonly string[], text: string) => new ConfigurationError(`${pathText(path)}: ${text}`);
