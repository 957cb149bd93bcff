import type { JsonSchema } from '../schema/definitions.ts';
import { allOperations } from './all-operations.ts';
import { type Operation, STATUS } from './operations.ts';
import { type Parameter, prettyParameter } from './parameters.ts';
import { reachableDefinitions } from './reachable.ts';
import type { AssembleOptions, PublishedResource } from './resource.ts';
import { answerText, type JsonDocument, markOf } from './v3.ts';

/**
 * The one OpenAPI 2.0 document of the server. It is merged into the cluster's, where one schema that its readers do not
 * understand breaks them for everybody; so:
 *
 * W1  No schema has a keyword that version 2 lacks (nullable, oneOf, allOf).
 * W2  A reference has no type, properties, items or default beside it, and every array has items.
 * W3  The group version's own path ends in a slash, so that the aggregator's filter keeps it.
 * W4  Every PATCH lists dryRun and fieldValidation.
 */
export function openApiV2(resources: readonly PublishedResource[], options: AssembleOptions): JsonDocument {
  const operations = allOperations(resources);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] ??= pathItem(operation);
    const item = paths[operation.path];
    if (item) item[operation.method] = operationObject(operation);
  }
  const definitions = [...reachableDefinitions(operations, resources)].map(
    ([name, schema]) => [name, schemaV2(schema)] as const,
  );
  return {
    swagger: '2.0',
    info: { title: 'Torpor', version: options.version },
    paths,
    definitions: Object.fromEntries(definitions),
  };
}

function pathItem({ kind, pathParameters }: Operation): Record<string, unknown> {
  return kind === undefined ? {} : { parameters: [...pathParameters, prettyParameter].map(parameter) };
}

function operationObject(operation: Operation): JsonDocument {
  const { body } = operation;
  const parameters = [
    ...(body
      ? [{ name: 'body', in: 'body', ...(body.required ? { required: true } : {}), schema: reference(body.definition) }]
      : []),
    ...operation.query.map(parameter),
  ];
  return {
    description: operation.description,
    consumes: body ? body.types : ['*/*'],
    produces: operation.produces,
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([code, definition]) => [
          code,
          { description: answerText(code), schema: definition === '' ? { type: 'string' } : reference(definition) },
        ]),
      ),
      401: { description: 'Unauthorized', schema: reference(STATUS) },
      default: { description: 'What is wrong', schema: reference(STATUS) },
    },
    ...markOf(operation),
  };
}

function parameter({ name, in: place, type, description }: Parameter): JsonDocument {
  return { name, in: place, type, description, uniqueItems: true, ...(place === 'path' ? { required: true } : {}) };
}

const reference = (name: string) => ({ $ref: `#/definitions/${name}` });

function schemaV2(schema: JsonSchema): JsonDocument {
  const description = schema.description === undefined ? {} : { description: schema.description };
  const target = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (target) return { ...description, $ref: target.replace('#/components/schemas/', '#/definitions/') };
  if (schema['x-kubernetes-preserve-unknown-fields']) return { ...description, type: 'object' };
  if (schema['x-kubernetes-int-or-string']) {
    const format = schema.format === 'int-or-string' ? { format: 'int-or-string' } : {};
    return { ...description, type: 'string', ...format };
  }
  const { nullable: _nullable, ...rest } = schema;
  const out: Record<string, unknown> = rest;
  if (schema.properties) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, child]) => [name, schemaV2(child)]),
    );
  }
  if (schema.items) out.items = schemaV2(schema.items);
  if (schema.additionalProperties) out.additionalProperties = schemaV2(schema.additionalProperties);
  return out;
}
