import { errors } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { AdmissionRequest, RequestHead, Withdraw } from '../admission/request.ts';
import type { ResourceCore } from './core.ts';
import { shapeMetadata } from './metadata-shape.ts';
import type { ViewSubresource } from './resource.ts';

/** One object of the registry on its way through the host cluster's admission. */
export interface Admitted {
  readonly head: RequestHead;
  readonly old: KubernetesObject | undefined;
  /** Set when the client writes a view of the object: then the rules see views. */
  readonly view?: ViewSubresource | undefined;
}

/**
 * The object as mutating admission leaves it, read as carefully as one that a client sends. What it may not change is
 * put right by the rules of the write, which run afterwards.
 */
export async function mutated(
  core: ResourceCore,
  object: KubernetesObject,
  admitted: Admitted,
): Promise<KubernetesObject> {
  const request = requestOf(object, admitted);
  const result = await core.admission.mutate(request);
  if (result === undefined || result === request.object) return object;
  const read = readBack(result, request.object ?? object);
  if (admitted.view === undefined) {
    core.schema?.prune(read);
    return read;
  }
  const changed = cloneJson(object);
  admitted.view.fromView(read, changed);
  return changed;
}

/** Asks validating admission about the object as it is about to be stored. */
export function validated(
  core: ResourceCore,
  object: KubernetesObject | undefined,
  admitted: Admitted,
): Promise<Withdraw | undefined> {
  return core.admission.validate(requestOf(object, admitted));
}

function requestOf(object: KubernetesObject | undefined, { head, old, view }: Admitted): AdmissionRequest {
  const seen = (one: KubernetesObject | undefined) =>
    view === undefined || one === undefined ? one : view.toView(cloneJson(one));
  return { ...head, ...(view ? { kind: kindOf(view) } : {}), object: seen(object), old: seen(old) };
}

const kindOf = ({ viewGroup: group, viewVersion: version, viewKind: kind }: ViewSubresource) => ({
  group,
  version,
  kind,
});

function readBack(result: KubernetesObject, before: KubernetesObject): KubernetesObject {
  const { apiVersion, kind } = before;
  if (result.apiVersion !== apiVersion || result.kind !== kind) {
    throw errors.internal(`admission turned a ${apiVersion} ${kind} into a ${result.apiVersion} ${result.kind}`);
  }
  const shape = shapeMetadata(result.metadata);
  if (shape.kind === 'wrong') throw errors.internal(`admission left an object that cannot be read: ${shape.problem}`);
  return { ...result, metadata: shape.metadata };
}
