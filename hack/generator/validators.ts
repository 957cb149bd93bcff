import { Ajv, type SchemaObject } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { type Documents, mapSchemas, type Schema } from './documents.ts';

/**
 * Compiles one function per kind. What a function checks is what JSON Schema can say well (types, required, enum,
 * pattern, bounds); unknown fields, formats and keys of list maps are checked by openapi/schema over the same documents.
 */
export function validators(documents: Documents): { code: string; declarations: string } {
  const ajv = new Ajv({
    allErrors: true,
    messages: false,
    // Lengths count UTF-16 units and patterns are plain, so that nothing of ajv is needed at run time; ajv would log a
    // warning about that choice at every run.
    unicode: false,
    unicodeRegExp: false,
    logger: false,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    code: { source: true, esm: true, optimize: 2 },
  });
  for (const { name, schema } of documents.values()) ajv.addSchema({ $id: name, ...reduce(schema) });
  const kinds = [...documents.values()].filter(({ schema }) => schema['x-kubernetes-group-version-kind']);
  const exported = Object.fromEntries(kinds.map(({ name }) => [name, name]));
  const make = standalone as unknown as (ajv: Ajv, exported: Record<string, string>) => string;
  const body = make(ajv, exported).replace(/^"use strict";/, '');
  if (/\brequire\(|\bimport\b/.test(body)) throw new Error('the compiled validators need ajv at run time');
  const code = `// Made by hack/generate from openapi/documents; changes belong there.\n${readable(body)}\n`;
  return { code, declarations: declarations(kinds.map(({ name }) => name)) };
}

const LARGEST_INT32 = 2 ** 31 - 1;
const kept = ['enum', 'pattern', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum', 'required'];

/** The part of a schema that a compiled validator checks. */
function reduce(schema: Schema): SchemaObject {
  if (schema.$ref) return { $ref: schema.$ref };
  const [only] = schema.allOf ?? [];
  if (only) return schema.nullable ? { if: { type: 'null' }, else: reduce(only) } : reduce(only);
  if (schema['x-kubernetes-int-or-string']) {
    return { type: schema.format === 'quantity' ? ['string', 'number'] : ['integer', 'string'] };
  }
  const out: SchemaObject = {};
  if (schema.type) out.type = schema.type;
  for (const keyword of kept) if (schema[keyword] !== undefined) out[keyword] = schema[keyword];
  if (schema.format === 'int32') {
    out.minimum ??= -LARGEST_INT32 - 1;
    out.maximum ??= LARGEST_INT32;
  }
  if (schema.properties) out.properties = mapSchemas(schema.properties, reduce);
  if (schema.additionalProperties) out.additionalProperties = reduce(schema.additionalProperties);
  if (schema.items) out.items = reduce(schema.items);
  return out;
}

/** One function a line, so that a change of a document is a readable change here. */
function readable(code: string): string {
  return code.replace(/;?(export const |const schema|const func|function validate)/g, (all, start: string) =>
    all.startsWith(';') ? `;\n${start}` : `\n${start}`,
  );
}

function declarations(names: readonly string[]): string {
  return `// Made by hack/generate from openapi/documents; changes belong there.

/** One fault: where (a JSON pointer), which keyword of the schema, and the keyword's parameters. */
export interface Fault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Validator {
  (value: unknown): boolean;
  /** Faults of the last call. */
  errors: readonly Fault[] | null;
}

${names.map((name) => `export const ${name}: Validator;`).join('\n')}
`;
}
