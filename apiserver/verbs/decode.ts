import { errors, field } from '../../openapi/machinery/errors.ts';
import type { JsonBody } from '../../openapi/machinery/json.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Shape } from '../../openapi/schema/shape.ts';
import { shapeMetadata } from '../registry/metadata-shape.ts';

import type { FieldValidation } from './options.ts';

/** What decoding must know about a kind; `schema` is what openapi/schema has compiled for it. */
export interface DecodeTarget {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: ObjectSchema | undefined;
}

/** The part of a compiled schema that decoding and validation use. */
export interface ObjectSchema {
  /** Paths of fields that the schema does not know. */
  unknownFields(object: KubernetesObject): readonly string[];
  /** Removes them. */
  prune(object: KubernetesObject): void;
  /** What the documents say about its members. */
  readonly shape: Shape;
}

/**
 * From parsed bytes to an object of the expected kind: kind and apiVersion agree (empty ones are filled in), metadata
 * has its shape, nulls are gone, and unknown or double fields are refused, warned of or dropped (fieldValidation).
 * `source` 'patch' turns a strict refusal into the 422 that Kubernetes answers there.
 * @throws StatusError 400 or 422. The body's value becomes the caller's object.
 */
export function decodeBody(
  body: JsonBody,
  target: DecodeTarget,
  validation: FieldValidation,
  warnings: string[],
  source: 'body' | 'patch' = 'body',
): KubernetesObject {
  const raw = body.value;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw errors.badRequest(`the object provided is unrecognized: a ${target.kind} must be a JSON or YAML object`);
  }
  const object: Record<string, unknown> = { ...raw };
  checkKind(object, target);
  const shape = shapeMetadata(object.metadata);
  if (shape.kind === 'wrong') {
    throw errors.badRequest(`${described(target)} cannot be handled as a ${target.kind}: ${shape.problem}`);
  }
  const decoded = { ...object, metadata: shape.metadata } as KubernetesObject;
  for (const [key, value] of Object.entries(decoded)) {
    if (value === null) delete decoded[key];
    else if (key !== 'metadata') dropNulls(value);
  }
  const unknown = [...shape.unknown, ...(target.schema?.unknownFields(decoded) ?? [])];
  report(unknown, body.duplicates, target, validation, warnings, source);
  target.schema?.prune(decoded);
  return decoded;
}

function checkKind(object: Record<string, unknown>, target: DecodeTarget): void {
  const apiVersion = target.group === '' ? target.version : `${target.group}/${target.version}`;
  const { apiVersion: sentVersion = '', kind: sentKind = '' } = typeOf(object);
  if (sentVersion !== '' && sentVersion !== apiVersion) {
    throw errors.badRequest(
      `the API version in the data (${sentVersion}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (sentKind !== '' && sentKind !== target.kind) {
    throw errors.badRequest(`the kind in the data (${sentKind}) does not match the expected kind (${target.kind})`);
  }
  object.apiVersion = apiVersion;
  object.kind = target.kind;
}

/**
 * kind and apiVersion of an object that may be anything. Other types are refused before they get into a text: an array
 * cannot even be put into one when something in it has a member called toString.
 * @throws StatusError 400.
 */
export function typeOf(object: object): { readonly kind?: string; readonly apiVersion?: string } {
  const { kind, apiVersion } = object as Record<string, unknown>;
  for (const [name, value] of Object.entries({ kind, apiVersion })) {
    if (value === undefined || value === null || typeof value === 'string') continue;
    throw errors.badRequest(`the object provided is unrecognized: ${name} must be a string`);
  }
  return { ...(kind ? { kind: kind as string } : {}), ...(apiVersion ? { apiVersion: apiVersion as string } : {}) };
}

function report(
  unknown: readonly string[],
  duplicates: readonly string[],
  target: DecodeTarget,
  validation: FieldValidation,
  warnings: string[],
  source: 'body' | 'patch',
): void {
  if (validation === 'Ignore' || unknown.length + duplicates.length === 0) return;
  const texts = [
    ...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (validation === 'Warn') {
    warnings.push(...texts);
    return;
  }
  const text = `strict decoding error: ${texts.join(', ')}`;
  if (source === 'body') throw errors.badRequest(`${described(target)} cannot be handled as a ${target.kind}: ${text}`);
  throw errors.invalid(target, '', [field.invalid('patch', 'the patched object', text)]);
}

const described = (target: DecodeTarget) => `${target.kind} in version ${JSON.stringify(target.version)}`;

/** Null and absent are the same to a typed server; only nulls inside arrays stay, for the schema to refuse. */
function dropNulls(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item);
    return;
  }
  const record = value as Record<string, unknown>;
  for (const [key, one] of Object.entries(record)) {
    if (one === null) delete record[key];
    else dropNulls(one);
  }
}
