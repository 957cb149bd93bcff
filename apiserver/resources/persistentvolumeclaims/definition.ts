import type { PersistentVolumeClaim } from '../../../openapi/api.ts';
import { type FieldError, field } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { compareQuantities, tryParseQuantity } from '../../../openapi/machinery/quantity.ts';
import { coreDefinition } from '../core-definition.ts';
import { coreTable } from '../core-table.ts';

const claimOf = (object: KubernetesObject) => object as unknown as PersistentVolumeClaim;
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const SHORT: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

export const persistentvolumeclaims = coreDefinition({
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  strategy: {
    hasStatus: true,
    prepareForCreate(object) {
      const { spec } = claimOf(object);
      if (spec) object.spec = { ...spec, volumeMode: spec.volumeMode ?? 'Filesystem' };
      object.status = { phase: 'Pending' };
    },
    validate: (object) => claimErrors(claimOf(object)),
    validateUpdate: (object, old) => updateErrors(claimOf(object), claimOf(old)),
    selectableFields: { 'status.phase': (object) => claimOf(object).status?.phase ?? '' },
  },
  table: coreTable(
    {
      name: 'Status',
      type: 'string',
      description: 'Pending, Bound or Lost.',
      cell: (object) => statusOf(claimOf(object)),
    },
    {
      name: 'Volume',
      type: 'string',
      description: 'What it is bound to.',
      cell: (object) => claimOf(object).spec?.volumeName ?? '',
    },
    {
      name: 'Capacity',
      type: 'string',
      description: 'Its real size.',
      cell: (object) =>
        String((claimOf(object).status?.capacity as Record<string, unknown> | undefined)?.storage ?? ''),
    },
    {
      name: 'Access Modes',
      type: 'string',
      description: 'How it can be used.',
      cell: (object) => (claimOf(object).spec?.accessModes ?? []).map((mode) => SHORT[mode] ?? mode).join(','),
    },
    {
      name: 'StorageClass',
      type: 'string',
      description: 'What makes it.',
      cell: (object) => claimOf(object).spec?.storageClassName ?? '',
    },
    {
      name: 'VolumeMode',
      type: 'string',
      description: 'Filesystem or Block.',
      priority: 1,
      cell: (object) => claimOf(object).spec?.volumeMode ?? '',
    },
  ),
  subresources: [{ kind: 'status', name: 'status' }],
});

function statusOf(claim: PersistentVolumeClaim): string {
  return claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status?.phase ?? '');
}

function storageOf(claim: PersistentVolumeClaim): unknown {
  return (claim.spec?.resources?.requests as Record<string, unknown> | undefined)?.storage;
}

function claimErrors(claim: PersistentVolumeClaim): FieldError[] {
  const modes = claim.spec?.accessModes ?? [];
  const problems: FieldError[] = [];
  if (modes.length === 0) problems.push(field.required('spec.accessModes', 'at least 1 access mode is required'));
  modes.forEach((mode, index) => {
    if (!ACCESS_MODES.includes(mode))
      problems.push(field.notSupported(`spec.accessModes[${index}]`, mode, ACCESS_MODES));
  });
  const path = 'spec.resources[storage]';
  const storage = storageOf(claim);
  const quantity = tryParseQuantity(storage);
  if (storage === undefined) problems.push(field.required(path));
  else if (quantity !== undefined && quantity.nanos <= 0n) {
    problems.push(field.invalid(path, storage, 'must be greater than zero'));
  }
  return problems;
}

/** A claim keeps what it was made with; it may grow, and be bound once. */
function updateErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const fixed = (one: PersistentVolumeClaim) => {
    const { resources: _size, volumeName, ...rest } = one.spec ?? {};
    return JSON.stringify({ ...rest, volumeName: old.spec?.volumeName ? volumeName : undefined });
  };
  if (fixed(claim) !== fixed(old)) {
    return [field.forbidden('spec', 'spec is immutable after creation except resources.requests for bound claims')];
  }
  const [size, before] = [tryParseQuantity(storageOf(claim)), tryParseQuantity(storageOf(old))];
  if (size === undefined || before === undefined || compareQuantities(size, before) >= 0) return [];
  return [field.forbidden('spec.resources.requests.storage', 'field can not be less than previous value')];
}
