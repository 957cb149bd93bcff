import { type Documents, rewrite, type Schema } from './documents.ts';

/** Every definition under its published name, for discovery, explain, defaults, pruning and server-side apply. */
export function documentsJson(documents: Documents): string {
  const publish = (schema: Schema): Schema =>
    schema.$ref ? { $ref: `#/components/schemas/${documents.get(schema.$ref)?.published}` } : schema;
  const schemas = [...documents.values()]
    .map(({ published, schema }) => [published, rewrite(schema, publish)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ schemas: Object.fromEntries(schemas) }, null, 1)}\n`;
}
