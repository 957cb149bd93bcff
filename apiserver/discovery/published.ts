import type { PublishedResource } from '../../openapi/assemble/resource.ts';
import { patchTypesOf } from '../registry/patch-types.ts';
import type { ResourceDefinition } from '../registry/resource.ts';

/** What the OpenAPI documents say of the resources; the served ones and the files in openapi/generated alike. */
export function publishedResources(definitions: readonly ResourceDefinition[]): readonly PublishedResource[] {
  return definitions.map((definition) => ({
    ...definition,
    patchTypes: patchTypesOf(definition),
    waits: definition.strategy.progress !== undefined,
  }));
}
