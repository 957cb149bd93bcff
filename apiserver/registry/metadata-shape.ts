import type { ObjectMeta } from '../../openapi/machinery/object.ts';

/**
 * The shape of metadata as it comes from a client: unknown JSON in, an ObjectMeta out, or words about what does not
 * fit. Nulls count as absent (Go clients send `creationTimestamp: null`), and so do empty lists and maps: the last
 * finalizer or label takes its field along, as in Kubernetes. Only an empty list of managedFields stays one, because it
 * says something (field-managers.ts O1). Rules about the values stand in openapi/machinery/metadata.ts.
 */
export type Shape =
  | { readonly kind: 'metadata'; readonly metadata: ObjectMeta; readonly unknown: readonly string[] }
  | { readonly kind: 'wrong'; readonly problem: string };

type Check = (value: unknown) => boolean;

const string: Check = (value) => typeof value === 'string';
const integer: Check = (value) => Number.isSafeInteger(value);
const plain: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const strings: Check = (value) => Array.isArray(value) && value.every(string);
const stringMap: Check = (value) => plain(value) && Object.values(value as object).every(string);
const objects: Check = (value) => Array.isArray(value) && value.every(plain);
const time: Check = (value) =>
  string(value) && TIME.test(value as string) && !Number.isNaN(Date.parse(value as string));
const owner: Check = (value) =>
  plain(value) &&
  Object.entries(value as object).every(([key, one]) =>
    key === 'controller' || key === 'blockOwnerDeletion' ? typeof one === 'boolean' || one === null : string(one),
  );
const owners: Check = (value) => Array.isArray(value) && value.every(owner);

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

const FIELDS: Readonly<Record<keyof ObjectMeta, readonly [Check, string]>> = {
  name: [string, 'a string'],
  generateName: [string, 'a string'],
  namespace: [string, 'a string'],
  uid: [string, 'a string'],
  resourceVersion: [string, 'a string'],
  generation: [integer, 'an integer'],
  creationTimestamp: [time, 'an RFC 3339 time'],
  deletionTimestamp: [time, 'an RFC 3339 time'],
  deletionGracePeriodSeconds: [integer, 'an integer'],
  labels: [stringMap, 'a map of strings'],
  annotations: [stringMap, 'a map of strings'],
  ownerReferences: [owners, 'a list of owner references'],
  finalizers: [strings, 'a list of strings'],
  managedFields: [objects, 'a list of objects'],
  selfLink: [string, 'a string'],
};

export function shapeMetadata(value: unknown): Shape {
  if (value === undefined || value === null) return { kind: 'metadata', metadata: {}, unknown: [] };
  if (!plain(value)) return { kind: 'wrong', problem: 'metadata must be an object' };
  const metadata: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [key, one] of Object.entries(value as object)) {
    const rule = Object.hasOwn(FIELDS, key) ? FIELDS[key as keyof ObjectMeta] : undefined;
    if (rule === undefined) {
      unknown.push(`metadata.${key}`);
    } else if (one !== null) {
      const [check, wanted] = rule;
      const kept = stringMapWithoutNulls(key, one);
      if (!check(kept)) return { kind: 'wrong', problem: `metadata.${key} must be ${wanted}, not ${shown(one)}` };
      if (!isEmpty(kept) || key === 'managedFields') metadata[key] = kept;
    }
  }
  return { kind: 'metadata', metadata: metadata as ObjectMeta, unknown };
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** A null label value is an empty text to Go. */
function stringMapWithoutNulls(key: string, value: unknown): unknown {
  if ((key !== 'labels' && key !== 'annotations') || !plain(value)) return value;
  return Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, one === null ? '' : one]));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
