import type { ResourceDefinition } from '../../apiserver/registry/resource.ts';
import { allResources, type ResourceParts } from '../../apiserver/resources/all.ts';

/**
 * The resources of a server without the server: for documents about them. Whatever would do something throws.
 *
 * @param embedded with the kinds of Kubernetes that an embedded server has; without, as behind an APIService.
 */
export function describedResources(embedded: boolean): readonly ResourceDefinition[] {
  const parts = unusable() as unknown as ResourceParts;
  return allResources(embedded ? parts : { machines: parts.machines, hosts: parts.hosts, embedded: undefined });
}

/** Has every property, all of them the same; may be handed on, not called. */
function unusable(): object {
  const self: object = new Proxy(() => undefined, {
    get: () => self,
    apply() {
      throw new Error('this resource is only described, it cannot be served');
    },
  });
  return self;
}
