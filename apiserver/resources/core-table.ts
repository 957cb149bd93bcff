import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { age } from '../registry/age.ts';
import type { TableColumn, TableDefinition } from '../registry/resource.ts';

export interface ExtraColumn extends Omit<TableColumn, 'priority'> {
  readonly priority?: number;
  cell(object: KubernetesObject): unknown;
}

/** Name, what is special, Age: the order that people know from kubectl. */
export function coreTable(...extra: readonly ExtraColumn[]): TableDefinition {
  const shown = extra.filter(({ priority = 0 }) => priority === 0);
  const wide = extra.filter(({ priority = 0 }) => priority > 0);
  const column = ({ cell: _cell, priority = 0, ...rest }: ExtraColumn): TableColumn => ({ ...rest, priority });
  return {
    columns: [
      { name: 'Name', type: 'string', format: 'name', description: 'Name of the object.', priority: 0 },
      ...shown.map(column),
      { name: 'Age', type: 'string', description: 'Time since the object was created.', priority: 0 },
      ...wide.map(column),
    ],
    cells: (object, now) => [
      object.metadata.name ?? '',
      ...shown.map(({ cell }) => cell(object)),
      age(object.metadata.creationTimestamp, now),
      ...wide.map(({ cell }) => cell(object)),
    ],
  };
}

/** How many entries the maps of an object hold together. */
export function countEntries(object: KubernetesObject, ...members: readonly string[]): number {
  return members.reduce((sum, member) => sum + Object.keys((object[member] as object | undefined) ?? {}).length, 0);
}
