import type { Secret } from '../../../openapi/api.ts';
import { type FieldError, field } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { coreDefinition } from '../core-definition.ts';
import { coreTable, countEntries } from '../core-table.ts';
import { dataErrors } from '../data-rules.ts';

const secretOf = (object: KubernetesObject) => object as unknown as Secret;

export const secrets = coreDefinition({
  kind: 'Secret',
  plural: 'secrets',
  strategy: {
    prepareForCreate: settle,
    prepareForUpdate(object, old) {
      settle(object);
      // An update that does not say keeps what it was.
      if (secretOf(old).type !== undefined && object.type === 'Opaque') object.type = secretOf(old).type;
    },
    validate: (object) => dataErrors(object, ['data'], true),
    validateUpdate: (object, old) => [...typeErrors(object, old), ...immutableErrors(object, old)],
    selectableFields: { type: (object) => secretOf(object).type ?? '' },
  },
  table: coreTable(
    {
      name: 'Type',
      type: 'string',
      description: 'What the data is used for.',
      cell: (object) => secretOf(object).type ?? '',
    },
    {
      name: 'Data',
      type: 'string',
      description: 'Number of entries.',
      cell: (object) => String(countEntries(object, 'data')),
    },
  ),
});

/** stringData is for writing only: it becomes data. */
function settle(object: KubernetesObject): void {
  const { stringData, data } = secretOf(object);
  if (stringData !== undefined) {
    const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    object.data = { ...data, ...Object.fromEntries(encoded) };
    delete object.stringData;
  }
  object.type ??= 'Opaque';
}

function typeErrors(object: KubernetesObject, old: KubernetesObject): FieldError[] {
  return object.type === old.type ? [] : [field.invalid('type', object.type, 'field is immutable')];
}

/** Also of ConfigMaps: what was declared immutable stays so, with its data. */
export function immutableErrors(object: KubernetesObject, old: KubernetesObject): FieldError[] {
  if (old.immutable !== true) return [];
  const problems: FieldError[] = [];
  if (object.immutable !== true) {
    problems.push(field.forbidden('immutable', 'field is immutable when `immutable` is set'));
  }
  for (const member of ['data', 'binaryData']) {
    if (JSON.stringify(object[member] ?? {}) === JSON.stringify(old[member] ?? {})) continue;
    problems.push(field.forbidden(member, 'field is immutable when `immutable` is set'));
  }
  return problems;
}
