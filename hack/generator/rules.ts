import type { Schema } from './documents.ts';

/**
 * What a document may say. Every consumer (types, validators, kubectl, server-side apply) understands exactly this much;
 * a keyword outside of it would be ignored by one of them without a word.
 */
const keywords = new Set([
  '$ref',
  'additionalProperties',
  'allOf',
  'default',
  'description',
  'enum',
  'format',
  'items',
  'maximum',
  'maxItems',
  'maxLength',
  'minimum',
  'minItems',
  'minLength',
  'nullable',
  'oneOf',
  'pattern',
  'properties',
  'required',
  'type',
  'x-kubernetes-group-version-kind',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-patch-strategy',
  'x-kubernetes-preserve-unknown-fields',
  'x-torpor-definition',
]);

const formats = new Set(['int32', 'int64', 'date-time', 'byte', 'quantity', 'int-or-string', 'duration']);

/** Faults of one schema and everything below it, as text. */
export function checkSchema(schema: Schema, where: string, described = true): string[] {
  const faults: string[] = [];
  for (const keyword of Object.keys(schema)) {
    if (!keywords.has(keyword)) faults.push(`${where}: ${keyword} is not understood everywhere`);
  }
  if (described && !schema.description) faults.push(`${where}: description is missing`);
  if (schema.format && !formats.has(String(schema.format))) faults.push(`${where}: format ${schema.format} is unknown`);
  if (schema.$ref && Object.keys(schema).length > 1) faults.push(`${where}: put $ref into allOf beside other keywords`);
  if (schema.allOf && schema.allOf.length !== 1) faults.push(`${where}: allOf is for one reference`);
  if (schema.allOf && schema.type) faults.push(`${where}: allOf and type exclude each other`);
  if (schema.type === 'integer' && !schema.format) faults.push(`${where}: format int32 or int64 is missing`);
  if (schema.type === 'array') {
    if (!schema.items) faults.push(`${where}: items are missing`);
    if (!schema['x-kubernetes-list-type'] && described) faults.push(`${where}: x-kubernetes-list-type is missing`);
  }
  const hasKeys = schema['x-kubernetes-list-map-keys'] !== undefined;
  if ((schema['x-kubernetes-list-type'] === 'map') !== hasKeys) {
    faults.push(`${where}: x-kubernetes-list-map-keys belong to list type map`);
  }
  for (const name of (schema.required as string[] | undefined) ?? []) {
    if (!schema.properties?.[name]) faults.push(`${where}: required ${name} is no property`);
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    faults.push(...checkSchema(child, `${where}.${name}`));
  }
  if (schema.items) faults.push(...checkSchema(schema.items, `${where}[]`, false));
  if (schema.additionalProperties) faults.push(...checkSchema(schema.additionalProperties, `${where}{}`, false));
  return faults;
}
