import { ConfigurationError } from '../../openapi/machinery/apply/applied-set.ts';
import { applyConfiguration } from '../../openapi/machinery/apply/apply.ts';
import { conflictAnswer } from '../../openapi/machinery/apply/conflicts.ts';
import type { ManagedFields } from '../../openapi/machinery/apply/managers.ts';
import { errors, isError } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { ResourceCore } from './core.ts';
import { createObject, type WriteRequest } from './create.ts';
import { ownableBy, shapeOf, writerOf } from './field-managers.ts';
import type { WriteContext } from './resource.ts';
import { updateObject } from './update.ts';

export interface ApplyRequest extends Omit<WriteRequest, 'decided'> {
  /** Takes fields over that others own. */
  readonly force: boolean;
  /** Throws 403 when the user may not create; undefined where nothing is created (subresources). */
  readonly mayCreate?: () => Promise<void>;
}

export interface AppliedObject {
  readonly created: boolean;
  readonly object: KubernetesObject;
}

/** Between "it is not there" and "it is there already" others may delete and create the object; more often is absurd. */
const ATTEMPTS = 5;

/**
 * Server-side apply of a configuration to an object, or to its status: what the rules of openapi/machinery/apply make of
 * what is stored goes the way of every update; what is not there is created. Who owns what is decided before defaults
 * and admission, so what those add belongs to nobody.
 * @throws StatusError 409 with a cause for each conflict, 400 for a configuration that contradicts itself, and what
 *   updates and creates throw.
 */
export async function applyObject(
  core: ResourceCore,
  name: string,
  configuration: KubernetesObject,
  part: 'main' | 'status',
  context: WriteContext,
  request: ApplyRequest,
): Promise<AppliedObject> {
  const { force, mayCreate, ...write } = request;
  let entries: ManagedFields = [];
  const laidOver = (live: KubernetesObject): KubernetesObject => {
    const applied = appliedTo(core, live, configuration, part, write, force);
    entries = applied.entries;
    return applied.object;
  };
  const decided = { ...write, decided: () => entries };
  for (let attempt = 1; ; attempt += 1) {
    let there = false;
    const desired = (current: KubernetesObject): KubernetesObject => {
      there = true;
      // What an older or newer version stored and this one does not know is no mistake of who applies.
      core.schema?.prune(current);
      const object = laidOver(current);
      const { uid, resourceVersion } = configuration.metadata;
      if (uid) object.metadata.uid = uid;
      if (resourceVersion && resourceVersion !== '0') object.metadata.resourceVersion = resourceVersion;
      return object;
    };
    try {
      const updated = await updateObject(core, name, desired, part, context, decided);
      return { created: false, object: updated.object };
    } catch (error) {
      if (there || mayCreate === undefined || !isError(error, 'notFound')) throw error;
    }
    await mayCreate();
    refuseIdentity(core, name, configuration);
    try {
      const { apiVersion, kind } = configuration;
      const object = laidOver({ apiVersion, kind, metadata: { name, namespace: request.namespace } });
      const created = await createObject(core, object, context, decided);
      return { created: true, object: created.object };
    } catch (error) {
      if (attempt >= ATTEMPTS || !isError(error, 'alreadyExists')) throw error;
    }
  }
}

function appliedTo(
  core: ResourceCore,
  live: KubernetesObject,
  configuration: KubernetesObject,
  part: 'main' | 'status',
  { fieldManager: manager, subresource }: WriteRequest,
  force: boolean,
): { readonly object: KubernetesObject; readonly entries: ManagedFields } {
  const through = subresource ?? (part === 'status' ? 'status' : '');
  const { definition } = core;
  try {
    const outcome = applyConfiguration({
      live,
      // Parts of it become parts of the object, which the write may change.
      configuration: cloneJson(configuration),
      shape: shapeOf(core),
      entries: live.metadata.managedFields ?? [],
      writer: writerOf(core, 'Apply', { manager, subresource: through }),
      part: ownableBy(core, part),
      force,
    });
    switch (outcome.kind) {
      case 'applied':
        return outcome;
      case 'conflicts': {
        const { message, causes } = conflictAnswer(outcome.conflicts);
        throw errors.applyConflict(message, causes);
      }
      default:
        return outcome satisfies never;
    }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw errors.badRequest(`the ${definition.kind} cannot be applied: ${error.message}`);
  }
}

/** Who names the object's uid or version means one that exists. */
function refuseIdentity(core: ResourceCore, name: string, { metadata }: KubernetesObject): void {
  const { uid, resourceVersion } = metadata;
  if (uid) {
    throw errors.conflict(
      core.definition,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: (the object does not exist)`,
    );
  }
  if (resourceVersion && resourceVersion !== '0') throw errors.conflict(core.definition, name);
}
