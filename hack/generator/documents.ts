import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { checkSchema } from './rules.ts';

/** A schema of OpenAPI 3.0; the rules say which keywords a document may use. */
export interface Schema {
  [keyword: string]: unknown;
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
}

export interface Definition {
  /** Name in its document, unique over all documents; the name of the generated type. */
  readonly name: string;
  /** Name in the published documents, for example dev.torpor.v1alpha1.VirtualMachine. */
  readonly published: string;
  readonly file: string;
  readonly schema: Schema;
}

/** All definitions by name, in the order of their names; references are names. */
export type Documents = ReadonlyMap<string, Definition>;

const REFERENCE = /^([a-z0-9-]+\.yaml)?#\/components\/schemas\/([A-Za-z0-9]+)$/;

/** Reads every document, resolves references between them and checks the rules. Throws with every fault at once. */
export async function readDocuments(directory: string): Promise<Documents> {
  const faults: string[] = [];
  const found = new Map<string, Definition>();
  const references: { from: string; file: string; name: string }[] = [];

  const resolve = (schema: Schema, file: string, where: string): Schema => {
    const out: Schema = {};
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === '$ref') {
        const match = REFERENCE.exec(String(value));
        if (!match) {
          faults.push(`${where}: ${value} is no reference of the form file.yaml#/components/schemas/Name`);
          continue;
        }
        const [, other = file, name = ''] = match;
        references.push({ from: where, file: other, name });
        out.$ref = name;
      } else if (keyword === 'properties') {
        out.properties = mapSchemas(value as Record<string, Schema>, (child, name) =>
          resolve(child, file, `${where}.${name}`),
        );
      } else if (keyword === 'items') out.items = resolve(value as Schema, file, `${where}[]`);
      else if (keyword === 'additionalProperties') {
        out.additionalProperties = resolve(value as Schema, file, `${where}{}`);
      } else if (keyword === 'allOf' || keyword === 'oneOf') {
        out[keyword] = (value as Schema[]).map((child) => resolve(child, file, where));
      } else out[keyword] = value;
    }
    return out;
  };

  for (const file of (await readdir(directory)).filter((name) => name.endsWith('.yaml')).sort()) {
    const parsed = parseDocument(await readFile(path.join(directory, file), 'utf8'));
    for (const error of parsed.errors) faults.push(`${file}: ${error.message}`);
    if (parsed.errors.length > 0) continue;
    const document = parsed.toJS() as {
      info: Record<string, string>;
      components: { schemas: Record<string, Schema> };
    };
    const prefix = document.info['x-torpor-prefix'];
    if (!prefix) faults.push(`${file}: info.x-torpor-prefix is missing`);
    for (const [name, raw] of Object.entries(document.components.schemas)) {
      const other = found.get(name);
      if (other) faults.push(`${file}: ${name} stands in ${other.file} already`);
      faults.push(...checkSchema(raw, `${file}: ${name}`));
      const { 'x-torpor-definition': published, ...schema } = raw;
      found.set(name, {
        name,
        published: typeof published === 'string' ? published : `${prefix}.${name}`,
        file,
        schema: resolve(schema, file, `${file}: ${name}`),
      });
    }
  }
  for (const { from, file, name } of references) {
    if (found.get(name)?.file !== file) faults.push(`${from}: ${file} has no schema ${name}`);
  }
  if (faults.length > 0) throw new Error(`openapi/documents:\n  ${faults.join('\n  ')}`);
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function mapSchemas<T>(
  schemas: Record<string, Schema>,
  change: (schema: Schema, name: string) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, change(schema, name)]));
}

/** `change` applied to the schema and everything below it, from the leaves up. */
export function rewrite(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const out: Schema = { ...schema };
  if (schema.properties) out.properties = mapSchemas(schema.properties, (child) => rewrite(child, change));
  if (schema.items) out.items = rewrite(schema.items, change);
  if (schema.additionalProperties) out.additionalProperties = rewrite(schema.additionalProperties, change);
  if (schema.allOf) out.allOf = schema.allOf.map((child) => rewrite(child, change));
  if (schema.oneOf) out.oneOf = schema.oneOf.map((child) => rewrite(child, change));
  return change(out);
}
