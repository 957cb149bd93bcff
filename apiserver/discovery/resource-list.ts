import { createHash } from 'node:crypto';
import type { ResourceDefinition, Subresource } from '../registry/resource.ts';

/** One entry of an APIResourceList, and of the aggregated document in another shape. */
export interface APIResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  /** Only when the kind lives in another group version than the list. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

/** Kind, group and version of what a subresource answers or takes. */
export interface SubresourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface DiscoveredSubresource {
  readonly name: string;
  readonly kind: SubresourceKind;
  readonly verbs: readonly string[];
}

/** The resource itself and its subresources; everything is sorted, so that all replicas say the same bytes. */
export function discoveredSubresources(definition: ResourceDefinition): readonly DiscoveredSubresource[] {
  const own = { group: definition.group, version: definition.version, kind: definition.kind };
  return definition.subresources
    .map((subresource) => ({ name: subresource.name, ...described(subresource, own) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function described(
  subresource: Subresource,
  own: SubresourceKind,
): { kind: SubresourceKind; verbs: readonly string[] } {
  switch (subresource.kind) {
    case 'status':
      return { kind: own, verbs: ['get', 'patch', 'update'] };
    case 'view':
      return {
        kind: { group: subresource.viewGroup, version: subresource.viewVersion, kind: subresource.viewKind },
        verbs: subresource.verbs.toSorted(),
      };
    case 'action':
      return {
        kind: { group: subresource.bodyGroup, version: subresource.bodyVersion, kind: subresource.bodyKind },
        verbs: ['create'],
      };
    case 'read':
      return { kind: own, verbs: ['get'] };
    case 'stream':
      // The verbs that methods map to; "connect" is no verb that a rule could name.
      return { kind: own, verbs: ['create', 'get'] };
    default:
      return subresource satisfies never;
  }
}

/** Of the storage version, as the storage-version migrator compares it. */
export function storageVersionHash({ group, version, kind }: ResourceDefinition): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

export function apiResources(definition: ResourceDefinition): readonly APIResource[] {
  const { plural, singular, namespaced, group, version, kind, verbs, shortNames, categories } = definition;
  const stored = verbs.some((verb) => verb !== 'create');
  const main: APIResource = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbs.toSorted(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(stored ? { storageVersionHash: storageVersionHash(definition) } : {}),
  };
  const parts = discoveredSubresources(definition).map(
    (part): APIResource => ({
      name: `${plural}/${part.name}`,
      singularName: '',
      namespaced,
      ...(part.kind.group === group && part.kind.version === version
        ? {}
        : { group: part.kind.group, version: part.kind.version }),
      kind: part.kind.kind,
      verbs: part.verbs,
    }),
  );
  return [main, ...parts];
}
