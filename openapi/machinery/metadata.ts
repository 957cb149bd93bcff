import { type FieldError, field, MOST_FIELD_ERRORS, quote } from './field-error.ts';
import { labelNameErrors, labelValueErrors, pathSegmentErrors, qualifiedNameErrors, subdomainErrors } from './names.ts';
import type { ObjectMeta, OwnerReference } from './object.ts';

/** The rules of metadata that hold for every kind (apimachinery's ValidateObjectMeta), in its order and words. */
export interface MetadataRules {
  readonly namespaced: boolean;
  /** What the kind asks of its names; DNS-1123 subdomain unless told otherwise. */
  readonly nameErrors?: (name: string) => readonly string[];
}

const ANNOTATIONS_LIMIT = 256 * 1024;

export function validateObjectMeta(metadata: ObjectMeta, rules: MetadataRules): FieldError[] {
  const nameErrors = rules.nameErrors ?? subdomainErrors;
  const { name = '', generateName = '', namespace = '' } = metadata;
  const list: FieldError[] = [];
  if (generateName !== '') {
    // What is generated follows a trailing dash, so the dash is no end of the name.
    const masked =
      generateName.length > 1 && generateName.endsWith('-') ? `${generateName.slice(0, -1)}a` : generateName;
    for (const why of nameErrors(masked)) list.push(field.invalid('metadata.generateName', generateName, why));
  }
  if (name === '') list.push(field.required('metadata.name', 'name or generateName is required'));
  else {
    for (const why of pathSegmentErrors(name)) list.push(field.invalid('metadata.name', name, why));
    for (const why of nameErrors(name)) list.push(field.invalid('metadata.name', name, why));
  }
  if (rules.namespaced) {
    if (namespace === '') list.push(field.required('metadata.namespace'));
    else for (const why of labelNameErrors(namespace)) list.push(field.invalid('metadata.namespace', namespace, why));
  } else if (namespace !== '') {
    list.push(field.forbidden('metadata.namespace', 'not allowed on this type'));
  }
  if ((metadata.generation ?? 0) < 0) {
    list.push(field.invalid('metadata.generation', metadata.generation, 'must be greater than or equal to 0'));
  }
  list.push(
    ...validateLabels(metadata.labels ?? {}, 'metadata.labels'),
    ...validateAnnotations(metadata.annotations ?? {}, 'metadata.annotations'),
    ...validateOwnerReferences(metadata.ownerReferences ?? []),
    ...validateFinalizers(metadata.finalizers ?? []),
  );
  return list;
}

/** Also for label maps inside a spec, such as a pool's template. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: string): FieldError[] {
  const list: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    for (const why of qualifiedNameErrors(key)) list.push(field.invalid(path, key, why));
    for (const why of labelValueErrors(value)) list.push(field.invalid(path, value, why));
    if (list.length > MOST_FIELD_ERRORS) break;
  }
  return list;
}

export function validateAnnotations(annotations: Readonly<Record<string, string>>, path: string): FieldError[] {
  const list: FieldError[] = [];
  let total = 0;
  for (const [key, value] of Object.entries(annotations)) {
    list.push(...qualifiedNameErrors(key.toLowerCase()).map((why) => field.invalid(path, key, why)));
    total += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (list.length > MOST_FIELD_ERRORS) break;
  }
  if (total > ANNOTATIONS_LIMIT) list.push(field.tooLong(path, '', ANNOTATIONS_LIMIT));
  return list;
}

function validateOwnerReferences(references: readonly OwnerReference[]): FieldError[] {
  const path = 'metadata.ownerReferences';
  const list: FieldError[] = [];
  let controller: OwnerReference | undefined;
  for (const [index, reference] of references.entries()) {
    const at = `${path}[${index}]`;
    if (!reference.apiVersion) list.push(field.invalid(`${at}.apiVersion`, '', 'version must not be empty'));
    if (!reference.kind) list.push(field.invalid(`${at}.kind`, '', 'must not be empty'));
    if (!reference.name) list.push(field.invalid(`${at}.name`, '', 'must not be empty'));
    if (!reference.uid) list.push(field.invalid(`${at}.uid`, '', 'must not be empty'));
    if (reference.apiVersion === 'v1' && reference.kind === 'Event') {
      list.push(field.invalid(at, reference, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (list.length > MOST_FIELD_ERRORS) break;
    if (!reference.controller) continue;
    if (controller) {
      list.push(
        field.invalid(
          path,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller.kind}/${controller.name} and ${reference.kind}/${reference.name}`,
        ),
      );
    }
    controller = reference;
  }
  return list;
}

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  const path = 'metadata.finalizers';
  const list: FieldError[] = [];
  for (const name of finalizers) {
    for (const why of qualifiedNameErrors(name)) list.push(field.invalid(path, name, why));
    if (list.length > MOST_FIELD_ERRORS) break;
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    list.push(field.invalid(path, finalizers, 'finalizer "foregroundDeletion" and "orphan" cannot be both set'));
  }
  return list;
}

/**
 * What may not change on an update. The caller has filled in the stored uid, creationTimestamp and deletion fields where
 * the new object leaves them out.
 */
export function validateObjectMetaUpdate(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const list: FieldError[] = [];
  const immutable = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  for (const key of immutable) {
    if ((metadata[key] ?? undefined) !== (old[key] ?? undefined)) {
      list.push(field.invalid(`metadata.${key}`, metadata[key], 'field is immutable'));
    }
  }
  if (old.deletionTimestamp) {
    const before = new Set(old.finalizers);
    const added = (metadata.finalizers ?? []).filter((name) => !before.has(name)).slice(0, MOST_FIELD_ERRORS);
    if (added.length > 0) {
      list.push(
        field.forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(quote).join(', ')}}`,
        ),
      );
    }
  }
  return list;
}
