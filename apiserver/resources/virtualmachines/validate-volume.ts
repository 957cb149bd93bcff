import { posix } from 'node:path';
import type { Volume } from '../../../openapi/api.ts';
import { type FieldError, field } from '../../../openapi/machinery/errors.ts';
import { labelNameErrors } from '../../../openapi/machinery/names.ts';
import { tryParseQuantity } from '../../../openapi/machinery/quantity.ts';

const LARGEST_INLINE = 2048;

type CloudInit = NonNullable<Volume['cloudInitNoCloud']>;

/** One volume: a proper name, exactly one source, and what that source needs. */
export function validateVolume(volume: Volume, path: string): FieldError[] {
  const { name, ...sources } = volume;
  const set = Object.entries(sources).filter(([, source]) => source !== undefined);
  const problems = labelNameErrors(name).map((why) => field.invalid(`${path}.name`, name, why));
  if (set.length === 0) problems.push(field.required(path, 'the volume needs a source, for example registryDisk'));
  if (set.length > 1) {
    const kinds = set.map(([kind]) => kind).join(', ');
    problems.push(field.forbidden(path, `a volume has exactly one source, this one has ${kinds}`));
  }
  for (const kind of ['registryDisk', 'containerDisk'] as const) {
    const inner = volume[kind]?.path;
    if (inner !== undefined) problems.push(...imagePathErrors(inner, `${path}.${kind}.path`));
  }
  if (volume.emptyDisk) problems.push(...capacityErrors(volume.emptyDisk.capacity, `${path}.emptyDisk.capacity`));
  if (volume.ephemeral && !volume.ephemeral.persistentVolumeClaim?.claimName) {
    problems.push(field.required(`${path}.ephemeral.persistentVolumeClaim.claimName`));
  }
  if (volume.cloudInitNoCloud) problems.push(...cloudInitErrors(volume.cloudInitNoCloud, `${path}.cloudInitNoCloud`));
  return problems;
}

function imagePathErrors(inner: string, path: string): FieldError[] {
  if (inner.startsWith('/') && posix.normalize(inner) === inner) return [];
  return [field.invalid(path, inner, 'must be an absolute path without . and .. in it')];
}

function capacityErrors(capacity: unknown, path: string): FieldError[] {
  const quantity = tryParseQuantity(capacity);
  if (quantity === undefined || quantity.nanos > 0n) return [];
  return [field.invalid(path, capacity, 'must be greater than zero')];
}

function cloudInitErrors(source: CloudInit, path: string): FieldError[] {
  const { userData, userDataBase64, secretRef, networkData, networkDataBase64, networkDataSecretRef } = source;
  const user = { userData, userDataBase64, secretRef };
  const network = { networkData, networkDataBase64, networkDataSecretRef };
  const problems: FieldError[] = [];
  const given = (group: object) =>
    Object.keys(group).filter((key) => (group as Record<string, unknown>)[key] !== undefined);
  for (const group of [given(user), given(network)]) {
    if (group.length > 1) problems.push(field.forbidden(path, `only one of ${group.join(' and ')} may be set`));
  }
  if (given(user).length + given(network).length === 0) {
    problems.push(field.required(path, 'at least one of userData, userDataBase64, secretRef and their network data'));
  }
  for (const [key, text] of Object.entries({ userData, networkData })) {
    const bytes = Buffer.byteLength(text ?? '');
    if (bytes > LARGEST_INLINE) problems.push(field.tooLong(`${path}.${key}`, '', LARGEST_INLINE));
  }
  for (const [key, text] of Object.entries({ userDataBase64, networkDataBase64 })) {
    if (text === undefined) continue;
    if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) {
      problems.push(field.invalid(`${path}.${key}`, text.slice(0, 64), 'must be base64'));
    } else if (Buffer.from(text, 'base64').length > LARGEST_INLINE) {
      problems.push(field.tooLong(`${path}.${key}`, '', LARGEST_INLINE));
    }
  }
  for (const [key, reference] of Object.entries({ secretRef, networkDataSecretRef })) {
    if (reference !== undefined && !reference.name) problems.push(field.required(`${path}.${key}.name`));
  }
  return problems;
}
