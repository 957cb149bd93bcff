import { definitionNameOf, definitions, type JsonSchema } from '../schema/definitions.ts';
import { listDefinition, listDefinitionName } from './list-definitions.ts';
import { type Operation, STATUS } from './operations.ts';
import type { PublishedResource } from './resource.ts';

/**
 * The definitions that the operations mention, and all that those mention, sorted by name.
 *
 * Kinds of groups that the resources are not of stay without their mark: in the document of a whole cluster every kind
 * may be claimed once, and programs that apply by it refuse the document otherwise.
 */
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
  add(STATUS);
  for (const operation of operations) {
    for (const name of Object.values(operation.answers)) add(name);
    if (operation.body) add(operation.body.definition);
  }
  const groups = new Set(resources.map(({ group }) => group));
  return new Map(
    [...found].map(([name, schema]) => [name, claiming(schema, groups)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function claiming(schema: JsonSchema, groups: ReadonlySet<string>): JsonSchema {
  const { 'x-kubernetes-group-version-kind': kinds, ...rest } = schema;
  const own = kinds?.filter(({ group }) => groups.has(group)) ?? [];
  return own.length === 0 ? rest : { ...rest, 'x-kubernetes-group-version-kind': own };
}
