import type { JsonObject } from '../../../openapi/machinery/json-value.ts';

/** A body as it was sent or received. */
export interface Body {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** Bodies above this many bytes are left out of events; the log must not be a way to fill a disk. */
export const longestBody = 1024 * 1024;

/** The body as a value; undefined when it is too long, text when it is no JSON. */
export function bodyValue({ bytes, mediaType }: Body): unknown {
  if (bytes.length === 0 || bytes.length > longestBody) return undefined;
  const text = bytes.toString('utf8');
  if (mediaType !== '' && !mediaType.includes('json') && !/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * JSON text of a body, on one line; undefined when there is none that fits. JSON that we wrote ourselves passes as it is,
 * but for its line breaks, which stand only between values.
 */
export function textOf(body: Body | undefined, ours: boolean, omitManagedFields: boolean): string | undefined {
  if (body === undefined || body.bytes.length === 0 || body.bytes.length > longestBody) return undefined;
  if (ours && !omitManagedFields && body.mediaType === 'application/json') {
    return body.bytes.toString('utf8').replaceAll('\n', ' ').trim();
  }
  const value = bodyValue(body);
  if (omitManagedFields) dropManagedFields(value);
  try {
    return JSON.stringify(value);
  } catch {
    // Reading JSON takes any depth and writing it does not: some kilobytes of brackets have no text.
    return undefined;
  }
}

/** Of an object, and of the items of a list. Lists in lists are none of ours. */
function dropManagedFields(value: unknown): void {
  const items = (value as { items?: unknown } | null | undefined)?.items;
  for (const one of [value, ...(Array.isArray(items) ? items : [])]) {
    const metadata = (one as { metadata?: JsonObject | null } | null | undefined)?.metadata;
    if (typeof metadata === 'object' && metadata !== null) delete metadata.managedFields;
  }
}
