import { type FieldError, field } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';

/** Kubernetes' limit for the data of one Secret or ConfigMap, in bytes. */
const LARGEST_DATA = 1024 * 1024;
const KEY = /^[-._a-zA-Z0-9]+$/;
const BASE64 = /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/;

/** Keys become file names, so they have the form of one; `base64` tells whether the values are encoded. */
export function dataErrors(object: KubernetesObject, members: readonly string[], base64: boolean): FieldError[] {
  const problems: FieldError[] = [];
  const seen = new Set<string>();
  let total = 0;
  for (const member of members) {
    for (const [key, value] of Object.entries((object[member] as Record<string, string> | undefined) ?? {})) {
      const path = `${member}[${key}]`;
      if (!KEY.test(key) || key === '.' || key === '..' || key.length > 253) {
        problems.push(
          field.invalid(
            path,
            key,
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
          ),
        );
      }
      if (seen.has(key)) problems.push(field.duplicate(path, key));
      seen.add(key);
      const encoded = base64 || member === 'binaryData';
      if (encoded && !BASE64.test(value)) problems.push(field.invalid(path, '<hidden>', 'must be base64'));
      total += encoded ? Math.floor((value.length * 3) / 4) : Buffer.byteLength(value);
    }
  }
  if (total > LARGEST_DATA) problems.push(field.tooLong(members[0] ?? 'data', '', LARGEST_DATA));
  return problems;
}
