import { coreDefinition } from '../core-definition.ts';
import { coreTable } from '../core-table.ts';

/** Kept so that manifests apply unchanged; no tokens are issued for them here. */
export const serviceaccounts = coreDefinition({
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  table: coreTable({
    name: 'Secrets',
    type: 'string',
    description: 'Number of secrets.',
    cell: (object) => String((object.secrets as unknown[] | undefined)?.length ?? 0),
  }),
});
