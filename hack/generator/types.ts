import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { type Documents, rewrite, type Schema } from './documents.ts';

const HEADER = '// Made by hack/generate from openapi/documents; changes belong there.\n\n';

/** TypeScript types of all definitions under their short names. */
export async function types(documents: Documents): Promise<string> {
  const local = (schema: Schema): Schema => {
    if (schema.$ref) return { $ref: `#/components/schemas/${schema.$ref}` };
    // The library would make `Record<string, never>` of an object that may hold anything.
    if (schema['x-kubernetes-preserve-unknown-fields']) return { ...schema, additionalProperties: {} };
    return schema;
  };
  const schemas = Object.fromEntries([...documents.values()].map(({ name, schema }) => [name, rewrite(schema, local)]));
  const document: OpenAPI3 = {
    openapi: '3.0.0',
    info: { title: 'Torpor', version: 'v1alpha1' },
    paths: {},
    components: { schemas: schemas as NonNullable<OpenAPI3['components']>['schemas'] & object },
  };
  return HEADER + astToString(await openapiTS(document, { defaultNonNullable: false }));
}
