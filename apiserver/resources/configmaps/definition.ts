import { coreDefinition } from '../core-definition.ts';
import { coreTable, countEntries } from '../core-table.ts';
import { dataErrors } from '../data-rules.ts';
import { immutableErrors } from '../secrets/definition.ts';

export const configmaps = coreDefinition({
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  strategy: {
    validate: (object) => dataErrors(object, ['data', 'binaryData'], false),
    validateUpdate: immutableErrors,
  },
  table: coreTable({
    name: 'Data',
    type: 'string',
    description: 'Number of entries.',
    cell: (object) => String(countEntries(object, 'data', 'binaryData')),
  }),
});
