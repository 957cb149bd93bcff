import { definitionOfKind, type JsonSchema } from '../schema/definitions.ts';
import type { PublishedResource } from './resource.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Published name of a resource's list: the kind's, with the kind replaced by its list kind. */
export function listDefinitionName(resource: PublishedResource): string {
  const own = definitionOfKind(resource) ?? `${resource.group}.${resource.version}.${resource.kind}`;
  return `${own.slice(0, own.lastIndexOf('.'))}.${resource.listKind}`;
}

/** Lists are the same for every kind, so they are made from the resources and not written by hand. */
export function listDefinition(resource: PublishedResource): JsonSchema {
  const { group, version, kind, listKind } = resource;
  return {
    description: `A list of objects of kind ${kind}.`,
    type: 'object',
    required: ['items'],
    'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    properties: {
      apiVersion: { type: 'string', description: `${group === '' ? version : `${group}/${version}`}.` },
      kind: { type: 'string', description: `${listKind}.` },
      metadata: {
        description: 'Version of the collection and the next page.',
        allOf: [{ $ref: `#/components/schemas/${META}.ListMeta` }],
      },
      items: {
        description: 'The objects.',
        type: 'array',
        items: { $ref: `#/components/schemas/${definitionOfKind(resource) ?? ''}` },
        'x-kubernetes-list-type': 'atomic',
      },
    },
  };
}
