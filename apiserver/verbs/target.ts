import { errors } from '../../openapi/machinery/errors.ts';
import type { Schema } from '../registry/core.ts';
import type { Registry } from '../registry/registry.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { ResourceStore } from '../registry/store.ts';
import type { RequestInfo } from '../request/info.ts';

/** What a request is about, found once. */
export interface Target {
  readonly definition: ResourceDefinition;
  readonly schema: Schema | undefined;
  /** Throws 405 for kinds that are answered and not stored. */
  readonly store: ResourceStore;
  /** '' for cluster-scoped resources and for all namespaces. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * Looks the resource up.
 * @throws StatusError 404 when nothing is served there. A resource of ours never turns into a 404 for a while: that
 *   would tell the namespace controller and the garbage collector that its objects are gone.
 */
export function findTarget(registry: Registry, info: RequestInfo): Target {
  const served = registry.find(info.group, info.version, info.resource);
  if (served === undefined) throw errors.unknownResource();
  const { definition, schema, store } = served;
  // /api/v1/namespaces/x is parsed as a namespace by everybody; here it is the object's name.
  const itself = definition.group === '' && definition.plural === 'namespaces';
  if (!definition.namespaced && info.namespace !== '' && !itself) throw errors.unknownResource();
  return {
    definition,
    schema,
    get store() {
      if (store === undefined) throw errors.methodNotAllowed(definition, info.verb);
      return store;
    },
    namespace: definition.namespaced ? info.namespace : '',
    name: info.name,
  };
}

/** Objects of a namespaced resource are named within a namespace; elsewhere nothing stands at such a path. */
export function requireNamespace(target: Target): void {
  if (target.definition.namespaced && target.namespace === '') throw errors.unknownResource();
}
