import { errors } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { requestHead } from '../admission/request.ts';
import { type Admitted, validated } from './admitted.ts';
import type { ResourceCore } from './core.ts';
import { guaranteedUpdate, type Updated, type Wanted } from './guaranteed-update.ts';
import { keyOf } from './keys.ts';
import type { WriteContext } from './resource.ts';
import { timestamp } from './timestamp.ts';
import { settled } from './update.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteRequest {
  readonly namespace: string;
  readonly dryRun: boolean;
  /** Undefined: finalizers stay as they are. */
  readonly propagation: Propagation | undefined;
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number | undefined;
}

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/**
 * Graceful deletion. An object with finalizers gets a deletionTimestamp and stays until the last one is gone; deleting
 * it again renews nothing. The outcome tells whether it is gone ('removed') or going.
 * @throws StatusError 404, and 409 when a precondition does not hold.
 */
export function deleteObject(
  core: ResourceCore,
  name: string,
  context: WriteContext,
  request: DeleteRequest,
): Promise<Updated> {
  const { definition } = core;
  const { namespace, dryRun } = request;
  const head = requestHead(definition, context, 'DELETE', { namespace, name, dryRun });
  const admission = { ...head, options: { ...head.options, ...optionsOf(request) } };
  const change = async (object: KubernetesObject): Promise<Wanted> => {
    checkPreconditions(core, object, name, request.preconditions);
    if (!context.internal) await admitDelete(core, { head: admission, old: cloneJson(object) });
    const meta = object.metadata;
    const finalizers = withPolicy(meta.finalizers ?? [], request.propagation);
    if (finalizers.length > 0) meta.finalizers = finalizers;
    else delete meta.finalizers;
    const held = finalizers.length > 0 || definition.strategy.holdsDeletion?.(object) === true;
    if (!held) return { kind: 'remove', object };
    if (!meta.deletionTimestamp) {
      meta.deletionTimestamp = timestamp(core.now());
      meta.deletionGracePeriodSeconds = 0;
      meta.generation = (meta.generation ?? 0) + 1;
      definition.strategy.prepareForDelete?.(object);
    }
    return settled(core, object);
  };
  return guaranteedUpdate(core, keyOf(definition, namespace, name), change, { dryRun, signal: context.signal });
}

/** There is nothing to change about a delete, but mutating rules are asked too. */
async function admitDelete(core: ResourceCore, admitted: Admitted): Promise<void> {
  await core.admission.mutate({ ...admitted.head, object: undefined, old: admitted.old });
  await validated(core, undefined, admitted);
}

function optionsOf({ gracePeriodSeconds, propagation, preconditions }: DeleteRequest) {
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
    ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
  };
}

function checkPreconditions(
  core: ResourceCore,
  object: KubernetesObject,
  name: string,
  { uid, resourceVersion }: DeleteRequest['preconditions'],
): void {
  const meta = object.metadata;
  if (uid !== undefined && uid !== meta.uid) {
    throw errors.preconditionFailed(
      core.definition,
      name,
      `UID in precondition: ${uid}, UID in object meta: ${meta.uid}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion) {
    throw errors.preconditionFailed(
      core.definition,
      name,
      `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${meta.resourceVersion}`,
    );
  }
}

/** The policy is recorded as a finalizer; the garbage collector acts on it and takes it away. */
function withPolicy(finalizers: readonly string[], propagation: Propagation | undefined): string[] {
  if (propagation === undefined) return [...finalizers];
  const others = finalizers.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  switch (propagation) {
    case 'Background':
      return others;
    case 'Foreground':
      return [...others, FOREGROUND];
    case 'Orphan':
      return [...others, ORPHAN];
    default:
      return propagation satisfies never;
  }
}
