import { allOperations } from './all-operations.ts';
import { type Operation, STATUS } from './operations.ts';
import { type Parameter, prettyParameter } from './parameters.ts';
import { reachableDefinitions } from './reachable.ts';
import { type AssembleOptions, groupVersionPath, type PublishedResource } from './resource.ts';

/** Errors are told in JSON whatever was asked for. */
const errorTypes = ['application/json'];

export type JsonDocument = Readonly<Record<string, unknown>>;

/**
 * One OpenAPI 3.0 document for each group version, by its key in /openapi/v3 (`api/v1`, `apis/torpor.dev/v1alpha1`). The
 * same resources give the same bytes on every replica.
 */
export function openApiV3(
  resources: readonly PublishedResource[],
  options: AssembleOptions,
): ReadonlyMap<string, JsonDocument> {
  return new Map(openApiV3Steps(resources, options));
}

/** The same, one document after the other. */
export function* openApiV3Steps(
  resources: readonly PublishedResource[],
  options: AssembleOptions,
): Generator<[key: string, document: JsonDocument]> {
  const groups = new Map<string, PublishedResource[]>();
  for (const resource of resources) {
    const key = groupVersionPath(resource).slice(1);
    groups.set(key, [...(groups.get(key) ?? []), resource]);
  }
  for (const [key, members] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield [key, document(members, options)];
}

function document(resources: readonly PublishedResource[], options: AssembleOptions): JsonDocument {
  const operations = allOperations(resources);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const { kind, pathParameters } = operation;
    paths[operation.path] ??=
      kind === undefined ? {} : { parameters: [...pathParameters, prettyParameter].map(parameter) };
    const item = paths[operation.path];
    if (item) item[operation.method] = operationObject(operation);
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Torpor', version: options.version },
    paths,
    components: { schemas: Object.fromEntries(reachableDefinitions(operations, resources)) },
  };
}

function operationObject(operation: Operation): JsonDocument {
  const { body } = operation;
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(operation.query.length > 0 ? { parameters: operation.query.map(parameter) } : {}),
    ...(body ? { requestBody: { content: content(body.definition, body.types), required: body.required } } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([code, definition]) => [
          code,
          { description: answerText(code), content: content(definition, operation.produces) },
        ]),
      ),
      401: { description: 'Unauthorized', content: content(STATUS, errorTypes) },
      default: { description: 'What is wrong', content: content(STATUS, errorTypes) },
    },
    ...markOf(operation),
  };
}

/** What Kubernetes' clients find operations by. */
export function markOf({ action, kind }: Operation): JsonDocument {
  return kind === undefined ? {} : { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': kind };
}

function content(definition: string, types: readonly string[]): JsonDocument {
  const schema = definition === '' ? { type: 'string' } : { $ref: `#/components/schemas/${definition}` };
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function parameter({ name, in: place, type, description }: Parameter): JsonDocument {
  return {
    name,
    in: place,
    description,
    ...(place === 'path' ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  };
}

export function answerText(code: string): string {
  return { 200: 'OK', 201: 'Created', 202: 'Accepted' }[code] ?? 'Answer';
}
