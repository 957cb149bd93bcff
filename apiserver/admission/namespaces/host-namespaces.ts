import type { Namespace } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import type { Informer } from '../../../openapi/client/informer.ts';
import { resources } from '../../../openapi/client/resources.ts';
import { errors, isError } from '../../../openapi/machinery/errors.ts';
import { NAMESPACES, type NamespaceSource } from '../../registry/namespace-lifecycle.ts';
import type { NamespaceOf } from '../matching/selectors.ts';
import { whenSynced } from '../synced.ts';

/** Milliseconds that a live look at a namespace may take. */
const LOOK_MS = 5_000;

/**
 * The host cluster's namespaces: those that are followed, and for what is missing there a look at the cluster itself,
 * as the copy may be behind a namespace that was made a moment ago. When neither can be had the answer is 503: a client
 * that is told "not found" gives up.
 */
export function hostNamespaces(informer: Informer<Namespace>, client: Client): NamespaceSource {
  return {
    async read(name) {
      await whenSynced(informer);
      const known = informer.get(name);
      if (known !== undefined) return known;
      try {
        return await client.get(resources.namespaces, { name }, { deadlineMs: LOOK_MS });
      } catch (error) {
        if (isError(error, 'notFound')) return undefined;
        throw errors.serviceUnavailable(
          `namespace ${JSON.stringify(name)} could not be looked up in the host cluster: ${(error as Error).message}`,
          1,
        );
      }
    },
  };
}

/** For selectors: what is missing is 404, as upstream has it. */
export function namespaceLookup(source: NamespaceSource): NamespaceOf {
  return async (name) => {
    const found = await source.read(name);
    if (found === undefined) throw errors.notFound(NAMESPACES, name);
    return found;
  };
}
