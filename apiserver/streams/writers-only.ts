import type { StreamDestination } from '../edge/upgrade.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import type { RequestInfo, UserInfo } from '../request/info.ts';

export type StreamLookup = (context: RequestContext) => Promise<StreamDestination | undefined>;

/**
 * A WebSocket can only be asked for with GET, which is authorized as `get`. Reading is not enough to type into a console:
 * `create` on the subresource is asked for too, and before the object is looked up.
 */
export function writersOnly(
  resources: readonly ResourceDefinition[],
  authorize: (info: RequestInfo, user: UserInfo) => Promise<void>,
  lookup: StreamLookup,
): StreamLookup {
  const streams = new Set(
    resources.flatMap(({ group, version, plural, subresources }) =>
      subresources.filter(({ kind }) => kind === 'stream').map(({ name }) => `${group}/${version}/${plural}/${name}`),
    ),
  );
  return async (context) => {
    const { info, user } = context;
    const isStream = streams.has(`${info.group}/${info.version}/${info.resource}/${info.subresource}`);
    if (isStream) await authorize({ ...info, verb: 'create' }, user);
    return lookup(context);
  };
}
