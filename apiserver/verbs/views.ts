import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { ResourceDefinition, TableColumn } from '../registry/resource.ts';
import type { MetaVersion, RowObject } from './negotiate.ts';

/** The two views of an object that clients can ask for instead of the object: its metadata, or a row of a table. */

export function partialObject(object: KubernetesObject, version: MetaVersion): KubernetesObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

export interface TableRow {
  readonly cells: readonly unknown[];
  readonly object?: KubernetesObject;
}

export function tableRow(
  definition: ResourceDefinition,
  object: KubernetesObject,
  version: MetaVersion,
  rows: RowObject,
  now: Date,
): TableRow {
  const cells = definition.table.cells(object, now).map((cell) => cell ?? null);
  switch (rows) {
    case 'None':
      return { cells };
    case 'Metadata':
      return { cells, object: partialObject(object, version) };
    case 'Object':
      return { cells, object };
    default:
      return rows satisfies never;
  }
}

export function columnDefinitions(columns: readonly TableColumn[]) {
  return columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? '',
    description,
    priority,
  }));
}

/** The text before a table's rows, so that rows can be written one by one. `columns` undefined leaves them empty. */
export function tableHead(version: MetaVersion, metadata: object, columns: readonly TableColumn[] | undefined): string {
  const definitions = columns === undefined ? [] : columnDefinitions(columns);
  const head = JSON.stringify({
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: definitions,
  });
  return `${head.slice(0, -1)},"rows":[`;
}
