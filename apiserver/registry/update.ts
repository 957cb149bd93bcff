import { errors, field } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import { validateObjectMetaUpdate } from '../../openapi/machinery/metadata.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { requestHead } from '../admission/request.ts';
import { type Admitted, mutated, validated } from './admitted.ts';
import { specChanged } from './compare.ts';
import type { ResourceCore } from './core.ts';
import { metadataErrors, type WriteRequest } from './create.ts';
import { ownableBy, recordManagers, setManagedFields } from './field-managers.ts';
import { guaranteedUpdate, type Updated, type Wanted } from './guaranteed-update.ts';
import { keyOf } from './keys.ts';
import { mendMetadata } from './metadata-warnings.ts';
import type { WriteContext } from './resource.ts';

/**
 * Which part of the object a write may touch: everything but status, status alone, or both at once. 'whole' is for
 * actions of ours, which write what they mean and need no preparation.
 */
export type WrittenPart = 'main' | 'status' | 'whole';

/** Makes the object that the client wants from what is stored; called again after every lost race. */
export type Desired = (current: KubernetesObject) => KubernetesObject | Promise<KubernetesObject>;

/**
 * A PUT or PATCH of the main resource or of status: before-update rules, validation, compare-and-swap. An object that
 * is being deleted and loses its last finalizer here goes away.
 * @throws StatusError 404, 409 (resourceVersion, uid), 422.
 */
export function updateObject(
  core: ResourceCore,
  name: string,
  desired: Desired,
  part: WrittenPart,
  context: WriteContext,
  request: WriteRequest,
): Promise<Updated> {
  const { namespace, dryRun } = request;
  const key = keyOf(core.definition, namespace, name);
  const subresource = subresourceOf(part, request);
  const head = requestHead(core.definition, context, 'UPDATE', { namespace, name, dryRun, subresource });
  // An action was admitted as itself.
  const asked = !context.internal && part !== 'whole';
  const change = async (current: KubernetesObject): Promise<Wanted> => {
    const old = cloneJson(current);
    const sent = await desired(current);
    checkPreconditions(core, sent, old, name);
    if (!asked) {
      const object = written(core, sent, old, part);
      beforeUpdate(core, object, old, part, context, request);
      return settled(core, object);
    }
    const admitted: Admitted = { head, old, view: request.view };
    const wanted = await mutated(core, written(core, sent, old, part), admitted);
    const object = written(core, wanted, old, part);
    beforeUpdate(core, object, old, part, context, request);
    await validated(core, object, admitted);
    return settled(core, object);
  };
  return guaranteedUpdate(core, key, change, { dryRun, signal: context.signal });
}

/** Terminating objects without a reason to stay are removed by the write that takes the last reason away. */
export function settled(core: ResourceCore, object: KubernetesObject): Wanted {
  const { metadata } = object;
  const held = (metadata.finalizers ?? []).length > 0 || core.definition.strategy.holdsDeletion?.(object) === true;
  return { kind: metadata.deletionTimestamp && !held ? 'remove' : 'put', object };
}

function checkPreconditions(core: ResourceCore, sent: KubernetesObject, old: KubernetesObject, name: string): void {
  const { definition } = core;
  const { uid, resourceVersion } = sent.metadata;
  if (uid && uid !== old.metadata.uid) {
    throw errors.conflict(
      definition,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (!resourceVersion || resourceVersion === '0') {
    if (definition.strategy.unconditionalUpdate === true) return;
    throw errors.invalid(definition, name, [
      field.invalid('metadata.resourceVersion', '', 'must be specified for an update'),
    ]);
  }
  if (resourceVersion !== old.metadata.resourceVersion) throw errors.conflict(definition, name);
}

const subresourceOf = (part: WrittenPart, request: WriteRequest) =>
  request.subresource ?? (part === 'status' ? 'status' : '');

/** What was sent, with everything from what is stored that this write may not touch. */
function written(
  core: ResourceCore,
  sent: KubernetesObject,
  old: KubernetesObject,
  part: WrittenPart,
): KubernetesObject {
  const object = part === 'status' ? { ...cloneJson(old), status: sent.status } : sent;
  if (part === 'status' && object.status === undefined) delete object.status;
  keepServerFields(object, old);
  if (part === 'main' && core.definition.strategy.hasStatus) {
    if (old.status === undefined) delete object.status;
    else object.status = cloneJson(old.status);
  }
  return object;
}

function beforeUpdate(
  core: ResourceCore,
  object: KubernetesObject,
  old: KubernetesObject,
  part: WrittenPart,
  context: WriteContext,
  request: WriteRequest,
): void {
  const { definition, schema } = core;
  const { strategy } = definition;
  mendMetadata(object.metadata, old.metadata, context.warnings);
  schema?.default(object);
  const name = old.metadata.name ?? '';
  const shape = schema?.validate(object) ?? [];
  if (shape.length > 0) {
    throw errors.invalid(definition, name, [...updateErrors(core, object, old), ...shape]);
  }
  if (part === 'main') strategy.prepareForUpdate?.(object, old, context);
  if (part === 'status') strategy.prepareForStatusUpdate?.(object, old, context);
  const subresource = subresourceOf(part, request);
  if (request.decided !== undefined) setManagedFields(object, request.decided());
  else recordManagers(core, object, old, { manager: request.fieldManager, subresource, part: ownableBy(core, part) });
  if (part !== 'status' && specChanged(object, old, strategy.hasStatus)) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  const problems = [
    ...updateErrors(core, object, old),
    ...(part === 'status'
      ? (strategy.validateStatusUpdate?.(object, old, context) ?? [])
      : [...(strategy.validate?.(object) ?? []), ...(strategy.validateUpdate?.(object, old) ?? [])]),
  ];
  if (problems.length > 0) throw errors.invalid(definition, name, problems);
  const { group, plural: resource } = definition;
  core.admit({ user: context.user, group, resource, subresource, object, old });
}

/** What a client leaves out or may not choose stays as it is stored; what it contradicts is refused afterwards. */
function keepServerFields(object: KubernetesObject, old: KubernetesObject): void {
  const meta = object.metadata;
  const stored = old.metadata;
  for (const key of ['namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'] as const) {
    const value = stored[key];
    if (!meta[key] && value) meta[key] = value;
  }
  if (meta.deletionGracePeriodSeconds === undefined && stored.deletionGracePeriodSeconds !== undefined) {
    meta.deletionGracePeriodSeconds = stored.deletionGracePeriodSeconds;
  }
  if (stored.generation === undefined) delete meta.generation;
  else meta.generation = stored.generation;
  delete meta.selfLink;
}

function updateErrors(core: ResourceCore, object: KubernetesObject, old: KubernetesObject) {
  return [...metadataErrors(core, object), ...validateObjectMetaUpdate(object.metadata, old.metadata)];
}
