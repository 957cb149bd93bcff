import type { ResourceDefinition } from './resource.ts';

export const JSON_PATCH = 'application/json-patch+json';
export const MERGE_PATCH = 'application/merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';

/**
 * Media types that PATCH of a resource takes, the same in its answers and in the documents: kubectl chooses by the
 * documents, and clients fall back to a merge patch on the 415 that lists these.
 */
export function patchTypesOf(definition: Pick<ResourceDefinition, 'strategicMerge'>): readonly string[] {
  return definition.strategicMerge === true
    ? [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH]
    : [JSON_PATCH, MERGE_PATCH, APPLY_PATCH];
}
