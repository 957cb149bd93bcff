import type { ServedGroup } from './groups.ts';
import { discoveredSubresources } from './resource-list.ts';

export type AggregatedVersion = 'v2' | 'v2beta1';

/**
 * APIGroupDiscoveryList: everything in one document. `responseKind` is never null: client-go 0.26 panics on that, later
 * ones drop the entry.
 */
export function aggregatedDiscovery(groups: readonly ServedGroup[], version: AggregatedVersion) {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { name: group.name },
      versions: group.versions.map((served) => ({
        version: served.version,
        resources: served.definitions.map((definition) => {
          const { plural, singular, namespaced, kind, verbs, shortNames, categories } = definition;
          const subresources = discoveredSubresources(definition).map((part) => ({
            subresource: part.name,
            responseKind: part.kind,
            verbs: part.verbs,
          }));
          return {
            resource: plural,
            responseKind: { group: definition.group, version: definition.version, kind },
            scope: namespaced ? 'Namespaced' : 'Cluster',
            singularResource: singular,
            verbs: verbs.toSorted(),
            ...(shortNames.length > 0 ? { shortNames } : {}),
            ...(categories.length > 0 ? { categories } : {}),
            ...(subresources.length > 0 ? { subresources } : {}),
          };
        }),
        freshness: 'Current',
      })),
    })),
  };
}
