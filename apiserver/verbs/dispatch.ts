import { errors } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import { requestHead } from '../admission/request.ts';
import type { Registry } from '../registry/registry.ts';
import type { StreamSubresource, UpgradeContext } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import { actionVerb } from './action.ts';
import { createVerb } from './create.ts';
import { deleteVerb } from './delete.ts';
import { deleteCollectionVerb } from './deletecollection.ts';
import { getVerb } from './get.ts';
import { listVerb } from './list.ts';
import { getFreshness } from './list-options.ts';
import { patchVerb } from './patch.ts';
import { findTarget, requireNamespace, type Target } from './target.ts';
import { updateVerb } from './update.ts';
import { viewVerb } from './view.ts';
import { watchVerb } from './watch.ts';
import type { WatchSettings } from './watch-settings.ts';
import { wantsWebSocket, watchOverSocket } from './watch-socket.ts';

export type Dispatch = (context: RequestContext) => Promise<void>;

/** From a resource request that passed the chain to the file of its verb. @throws StatusError 404 and 405 among others. */
export function createDispatch(registry: Registry, watchSettings: WatchSettings): Dispatch {
  return async (context) => {
    const target = findTarget(registry, context.info);
    if (context.info.subresource !== '') return subresource(registry, target, context);
    if (!target.definition.verbs.includes(context.info.verb)) throw notAllowed(target, context);
    switch (context.info.verb) {
      case 'get':
        return getVerb(target, context);
      case 'list':
        return listVerb(target, context);
      case 'watch':
        return watchVerb(target, context, watchSettings);
      case 'create':
        // A POST to an object's own path makes nothing.
        if (target.name !== '') throw notAllowed(target, context);
        return createVerb(target, context);
      case 'update':
        return updateVerb(target, context, 'main');
      case 'patch':
        return patchVerb(target, context, 'main');
      case 'delete':
        return deleteVerb(target, context);
      case 'deletecollection':
        return deleteCollectionVerb(target, context);
      default:
        throw notAllowed(target, context);
    }
  };
}

async function subresource(registry: Registry, target: Target, context: RequestContext): Promise<void> {
  const { verb, subresource: name } = context.info;
  const found = target.definition.subresources.find((one) => one.name === name);
  if (found === undefined || target.name === '') throw errors.unknownResource();
  switch (found.kind) {
    case 'status':
      if (verb === 'get') return getVerb(target, context);
      if (verb === 'update') return updateVerb(target, context, 'status');
      if (verb === 'patch') return patchVerb(target, context, 'status');
      throw errors.unknownMethod();
    case 'view':
      return viewVerb(target, context, found, registry.schemaFor);
    case 'action':
      if (verb !== 'create') throw errors.unknownMethod();
      return actionVerb(target, context, found, registry);
    case 'read': {
      if (verb !== 'get') throw errors.unknownMethod();
      requireNamespace(target);
      const item = await target.store.get(target.namespace, target.name, getFreshness(context.info.query));
      return found.read(cloneJson(item.object), context);
    }
    case 'stream':
      if (verb !== 'get') throw errors.unknownMethod();
      throw errors.badRequest(
        `${name} is a stream: ask for it with an Upgrade header (WebSocket), as "kubectl vm ${name} ${target.name}" does`,
      );
    default:
      found satisfies never;
  }
}

/**
 * For requests with an Upgrade: the stream that is asked for, or undefined when it is none, so that the request is
 * answered as any other. @throws StatusError 404 when the object does not exist, 400 for a dry run,
 * and what the cluster's rules say against it.
 */
export function createStreamLookup(registry: Registry, watchSettings: WatchSettings) {
  return async (context: RequestContext): Promise<((upgrade: UpgradeContext) => Promise<void>) | undefined> => {
    const { info } = context;
    if (!info.isResource) return undefined;
    if (info.subresource === '') {
      if (info.verb !== 'watch' || !wantsWebSocket(context.req.headers.upgrade)) return undefined;
      const target = findTarget(registry, info);
      // The ordinary way has the refusal.
      if (!target.definition.verbs.includes('watch')) return undefined;
      return (upgrade) => watchOverSocket(target, upgrade, watchSettings);
    }
    const target = findTarget(registry, info);
    const stream = target.definition.subresources.find(
      (one): one is StreamSubresource => one.kind === 'stream' && one.name === info.subresource,
    );
    if (stream === undefined) return undefined;
    requireNamespace(target);
    if (info.query.has('dryRun')) throw errors.badRequest('dryRun is not supported for a stream');
    const item = await target.store.get(target.namespace, target.name, { kind: 'newest' });
    await admitStream(registry, target, context);
    return (upgrade) => stream.connect(cloneJson(item.object), upgrade);
  };
}

/** Opening a stream changes nothing, but who may look into a machine is a question for the cluster's rules too. */
async function admitStream({ admission }: Registry, target: Target, context: RequestContext): Promise<void> {
  const { definition, namespace, name } = target;
  const { group, version } = definition;
  const kind = 'StreamOptions';
  const head = requestHead(definition, context, 'CONNECT', {
    namespace,
    name,
    dryRun: false,
    kind: { group, version, kind },
    subresource: context.info.subresource,
  });
  const object = { apiVersion: `${group}/${version}`, kind, metadata: {}, path: context.info.subpath };
  await admission.mutate({ ...head, object, old: undefined });
  await admission.validate({ ...head, object, old: undefined });
}

function notAllowed(target: Target, context: RequestContext) {
  const { verb } = context.info;
  return verb === '' ? errors.unknownMethod() : errors.methodNotAllowed(target.definition, verb);
}
