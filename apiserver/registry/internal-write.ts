import type { RequestInfo } from '../request/info.ts';
import type { ResourceDefinition, WriteContext } from './resource.ts';

/** The context of a write that no client asked for: the server acts for itself. */
export function internalWrite(definition: ResourceDefinition, verb: string, signal: AbortSignal): WriteContext {
  const info: RequestInfo = {
    isResource: true,
    path: '',
    verb,
    group: definition.group,
    version: definition.version,
    resource: definition.plural,
    namespace: '',
    name: '',
    subresource: '',
    subpath: '',
    query: new URLSearchParams(),
  };
  const user = { name: 'torpor:apiserver', groups: ['system:masters'], extra: {} };
  return { info, user, signal, warnings: [], internal: true };
}
