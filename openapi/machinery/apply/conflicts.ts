import type { ManagedFieldsEntry, StatusCause } from '../object.ts';
import { pathText } from './elements.ts';
import { type FieldSet, pathsOf } from './field-set.ts';

/** Fields that a configuration wants otherwise than the manager that owns them. */
export interface Conflict {
  readonly owner: ManagedFieldsEntry;
  readonly fields: FieldSet;
}

interface Place {
  readonly owner: string;
  readonly field: string;
}

/** The answer in Kubernetes' words, which kubectl reads: one cause for each field, and a sentence with all of them. */
export function conflictAnswer(conflicts: readonly Conflict[]): { message: string; causes: StatusCause[] } {
  const places = conflicts.flatMap(({ owner, fields }) =>
    pathsOf(fields).map((path): Place => ({ owner: ownerText(owner), field: pathText(path) })),
  );
  const causes = places.map(({ owner, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${owner}`,
    field,
  }));
  const [first] = places;
  if (places.length === 1 && first !== undefined) {
    return { message: `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.field}`, causes };
  }
  const owners = [...new Set(places.map(({ owner }) => owner))].sort();
  const lines = owners.flatMap((owner) => [
    `conflicts with ${owner}:`,
    ...places.filter((place) => place.owner === owner).map(({ field }) => `- ${field}`),
  ]);
  return { message: `Apply failed with ${places.length} conflicts: ${lines.join('\n')}`, causes };
}

function ownerText({ manager = '', operation, apiVersion = '', subresource = '', time }: ManagedFieldsEntry): string {
  const name = JSON.stringify(manager);
  const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  if (operation !== 'Update') return `${name}${through}`;
  return `${name}${through} using ${apiVersion}${time ? ` at ${time}` : ''}`;
}
