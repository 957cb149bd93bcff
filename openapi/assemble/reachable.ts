import { definitionNameOf, definitions, type JsonSchema } from '../schema/definitions.ts';
import { listDefinition, listDefinitionName } from './list-definitions.ts';
import type { Operation } from './operations.ts';
import type { PublishedResource } from './resource.ts';

/** The definitions that the operations mention, and all that those mention, sorted by name. */
export function reachableDefinitions(
  operations: readonly Operation[],
  resources: readonly PublishedResource[],
): Map<string, JsonSchema> {
  const lists = new Map(resources.map((resource) => [listDefinitionName(resource), listDefinition(resource)]));
  const found = new Map<string, JsonSchema>();
  const add = (name: string) => {
    if (name === '' || found.has(name)) return;
    const schema = lists.get(name) ?? definitions[name];
    if (!schema) throw new Error(`no definition ${name}`);
    found.set(name, schema);
    visit(schema);
  };
  const visit = (schema: JsonSchema) => {
    if (schema.$ref) add(definitionNameOf(schema.$ref));
    for (const child of Object.values(schema.properties ?? {})) visit(child);
    for (const child of [...(schema.allOf ?? []), ...(schema.oneOf ?? [])]) visit(child);
    if (schema.items) visit(schema.items);
    if (schema.additionalProperties) visit(schema.additionalProperties);
  };
  for (const operation of operations) {
    for (const name of Object.values(operation.answers)) add(name);
    if (operation.body) add(operation.body.definition);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
