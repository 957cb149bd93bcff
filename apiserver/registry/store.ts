import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Freshness } from '../../storage/cache/cache.ts';
import { type AppliedObject, type ApplyRequest, applyObject } from './apply.ts';
import type { ResourceCore } from './core.ts';
import { type Created, createObject, type WriteRequest } from './create.ts';
import { type DeleteRequest, deleteObject } from './delete.ts';
import type { Updated } from './guaranteed-update.ts';
import { isSegment, keyOf } from './keys.ts';
import { listObjects, type ObjectItem, type ObjectPage, type PageRequest } from './list.ts';
import type { WriteContext } from './resource.ts';
import { type Desired, updateObject, type WrittenPart } from './update.ts';

/** The generic registry of one resource: what every verb needs, on one page. The rules stand in the files beside. */
export interface ResourceStore {
  readonly core: ResourceCore;
  /** @throws StatusError 404, or 504 when the revision asked for has not come yet. */
  get(namespace: string, name: string, freshness: Freshness): Promise<ObjectItem>;
  list(request: PageRequest): Promise<ObjectPage>;
  create(object: KubernetesObject, context: WriteContext, request: WriteRequest): Promise<Created>;
  update(
    name: string,
    desired: Desired,
    part: WrittenPart,
    context: WriteContext,
    request: WriteRequest,
  ): Promise<Updated>;
  apply(
    name: string,
    configuration: KubernetesObject,
    part: 'main' | 'status',
    context: WriteContext,
    request: ApplyRequest,
  ): Promise<AppliedObject>;
  delete(name: string, context: WriteContext, request: DeleteRequest): Promise<Updated>;
}

export function createResourceStore(core: ResourceCore): ResourceStore {
  const { definition } = core;
  const known = (name: string): void => {
    // Such a name can stand in no key, so nothing has it.
    if (!isSegment(name)) throw errors.notFound(definition, name);
  };
  return {
    core,
    async get(namespace, name, freshness) {
      known(name);
      const found = await core.cache.get(keyOf(definition, namespace, name), freshness);
      switch (found.kind) {
        case 'found':
          return found.item;
        case 'absent':
          throw errors.notFound(definition, name);
        case 'too-new':
          throw errors.resourceVersionTooLarge(String(found.wanted), String(found.current));
        default:
          found satisfies never;
          throw new Error('unknown answer of the cache');
      }
    },
    list: (request) => listObjects(core, request),
    create: (object, context, request) => createObject(core, object, context, request),
    update(name, desired, part, context, request) {
      known(name);
      return updateObject(core, name, desired, part, context, request);
    },
    apply(name, configuration, part, context, request) {
      known(name);
      return applyObject(core, name, configuration, part, context, request);
    },
    delete(name, context, request) {
      known(name);
      return deleteObject(core, name, context, request);
    },
  };
}
