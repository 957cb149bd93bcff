import type { Client } from '../../../openapi/client/client.ts';
import type { ApiObject, Resource } from '../../../openapi/client/resources.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { formatLabelSelector, labelSelectorRequirements } from '../../../openapi/machinery/labels.ts';
import type { ParamRef } from '../kinds.ts';

/** The objects that a policy takes its parameters from. */
export interface Params {
  /**
   * Read at the moment of the request. Empty when there are none and that is allowed.
   * @throws Error with what is wrong, for failurePolicy.
   */
  read(kind: ParamKind, reference: ParamRef, namespace: string): Promise<readonly ApiObject[]>;
}

interface ParamKind {
  readonly apiVersion: string;
  readonly kind: string;
}

const CALL_MS = 5_000;
/** Milliseconds for which it is remembered which resource a kind is. */
const KEEP_MS = 60_000;

export function createParams(client: Client): Params {
  const known = new Map<string, { readonly until: number; readonly resource: Promise<Resource<ApiObject>> }>();
  const resourceOf = (kind: ParamKind): Promise<Resource<ApiObject>> => {
    const key = `${kind.apiVersion}/${kind.kind}`;
    const found = known.get(key);
    if (found !== undefined && found.until > Date.now()) return found.resource;
    for (const [name, { until }] of known) if (until <= Date.now()) known.delete(name);
    const resource = discover(client, kind);
    known.set(key, { until: Date.now() + KEEP_MS, resource });
    resource.catch(() => known.delete(key));
    return resource;
  };
  return {
    async read(kind, reference, namespace) {
      const resource = await resourceOf(kind);
      const place = placeOf(resource, reference, namespace);
      const found = await find(client, resource, reference, place);
      if (found.length === 0 && reference.parameterNotFoundAction === 'Deny') {
        throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
      }
      return found;
    },
  };
}

async function discover(client: Client, { apiVersion, kind }: ParamKind): Promise<Resource<ApiObject>> {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  const bytes = await client.raw(`${group ? '/apis' : '/api'}/${apiVersion}`, { deadlineMs: CALL_MS });
  const { resources = [] } = JSON.parse(bytes.toString('utf8')) as {
    resources?: { name: string; kind: string; namespaced: boolean }[];
  };
  const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
  if (found === undefined) throw new Error(`failed to find resource referenced by paramKind: ${apiVersion} ${kind}`);
  return { group: group ?? '', version: version ?? '', plural: found.name, kind, namespaced: found.namespaced };
}

function placeOf(resource: Resource<ApiObject>, reference: ParamRef, namespace: string): string | undefined {
  if (!resource.namespaced) {
    if (reference.namespace)
      throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
    return undefined;
  }
  const place = reference.namespace || namespace;
  if (place === '') {
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  }
  return place;
}

async function find(
  client: Client,
  resource: Resource<ApiObject>,
  { name, selector }: ParamRef,
  namespace: string | undefined,
): Promise<readonly ApiObject[]> {
  if (name) {
    try {
      return [await client.get(resource, { namespace, name }, { deadlineMs: CALL_MS })];
    } catch (error) {
      if (isError(error, 'notFound')) return [];
      throw error;
    }
  }
  const labelSelector = formatLabelSelector(labelSelectorRequirements(selector ?? {}) ?? []);
  return (await client.list(resource, { namespace, labelSelector, deadlineMs: CALL_MS })).items;
}
