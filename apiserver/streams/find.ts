import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { StreamDestination } from '../edge/upgrade.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import type { RequestInfo, UserInfo } from '../request/info.ts';

export interface StreamParts {
  readonly resources: readonly ResourceDefinition[];
  /** Throws 404. */
  readonly find: (definition: ResourceDefinition, namespace: string, name: string) => Promise<KubernetesObject>;
  readonly authorize: (info: RequestInfo, user: UserInfo) => Promise<void>;
}

/** The stream subresource that an upgrade names, ready to take the connection over; undefined when it names none. */
export function streamFinder(parts: StreamParts) {
  return async (context: RequestContext): Promise<StreamDestination | undefined> => {
    const { info, user } = context;
    if (!info.isResource || info.subresource === '') return undefined;
    const definition = parts.resources.find(
      ({ group, version, plural }) => group === info.group && version === info.version && plural === info.resource,
    );
    const stream = definition?.subresources.find(({ kind, name }) => kind === 'stream' && name === info.subresource);
    if (definition === undefined || stream?.kind !== 'stream') return undefined;
    // A WebSocket can only be asked for with GET. Reading is not enough to type into a console: `create` is asked for too.
    await parts.authorize({ ...info, verb: 'create' }, user);
    if (definition.namespaced === (info.namespace === '')) throw errors.unknownResource();
    const object = await parts.find(definition, info.namespace, info.name);
    return (upgrade) => stream.connect(object, upgrade);
  };
}
