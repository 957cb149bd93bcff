import { definitionNameOf, definitions, type JsonSchema } from './definitions.ts';

/**
 * A schema with its references followed: what the walks over objects (unknown fields, pruning, defaults, formats, list
 * keys, owners of fields) look at.
 */
export type Shape = ObjectShape | MapShape | ArrayShape | AnyShape | ScalarShape;

interface Common {
  /** Given to an absent field; copied before use. */
  readonly default?: unknown;
}

export interface ObjectShape extends Common {
  readonly kind: 'object';
  readonly properties: ReadonlyMap<string, Shape>;
  readonly atomic: boolean;
}

export interface MapShape extends Common {
  readonly kind: 'map';
  readonly values: Shape;
  readonly atomic: boolean;
}

export interface ArrayShape extends Common {
  readonly kind: 'array';
  readonly items: Shape;
  readonly listType: 'atomic' | 'set' | 'map';
  /** Fields that name an item, for list type map. */
  readonly keys: readonly string[];
  /** A strategic merge patch merges the list, by the items' key or as a set; undefined = it replaces it. */
  readonly merge: { readonly key: string | undefined } | undefined;
}

/** Holds anything; nothing below it is looked at. */
export interface AnyShape extends Common {
  readonly kind: 'any';
}

export interface ScalarShape extends Common {
  readonly kind: 'scalar';
  readonly format: string;
}

const named = new Map<string, Shape>();

/** The shape of a definition by its published name. */
export function shapeOf(name: string): Shape {
  const known = named.get(name);
  if (known) return known;
  const schema = definitions[name];
  if (!schema) throw new Error(`openapi/generated/documents.json has no definition ${name}`);
  const shape = compile(schema);
  named.set(name, shape);
  return shape;
}

function compile(schema: JsonSchema): Shape {
  const shape = compileType(schema);
  return schema.default === undefined ? shape : { ...shape, default: schema.default };
}

function compileType(schema: JsonSchema): Shape {
  if (schema.$ref) return shapeOf(definitionNameOf(schema.$ref));
  const [only] = schema.allOf ?? [];
  if (only) return compile(only);
  if (schema['x-kubernetes-preserve-unknown-fields']) return { kind: 'any' };
  const atomic = schema['x-kubernetes-map-type'] === 'atomic';
  if (schema.additionalProperties) return { kind: 'map', values: compile(schema.additionalProperties), atomic };
  if (schema.type === 'object') {
    const properties = Object.entries(schema.properties ?? {}).map(([name, child]) => [name, compile(child)] as const);
    return { kind: 'object', properties: new Map(properties), atomic };
  }
  if (schema.type === 'array') {
    return {
      kind: 'array',
      items: compile(schema.items ?? {}),
      listType: schema['x-kubernetes-list-type'] ?? 'atomic',
      keys: schema['x-kubernetes-list-map-keys'] ?? [],
      merge:
        schema['x-kubernetes-patch-strategy'] === 'merge' ? { key: schema['x-kubernetes-patch-merge-key'] } : undefined,
    };
  }
  return { kind: 'scalar', format: schema.format ?? '' };
}

/** The shapes of what stands directly inside. */
export function childrenOf(shape: Shape): readonly Shape[] {
  switch (shape.kind) {
    case 'object':
      return [...shape.properties.values()];
    case 'map':
      return [shape.values];
    case 'array':
      return [shape.items];
    case 'any':
    case 'scalar':
      return [];
    default:
      return shape satisfies never;
  }
}

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
