import type { ResourceDefinition, Strategy, Subresource, TableDefinition } from '../registry/resource.ts';

/** What the kinds of Kubernetes that we serve ourselves have in common: v1, stored, all verbs. */
export interface CoreKind {
  readonly group?: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced?: boolean;
  readonly verbs?: readonly string[];
  readonly strategy?: Partial<Strategy>;
  readonly table: TableDefinition;
  readonly subresources?: readonly Subresource[];
}

export const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

export function coreDefinition(core: CoreKind): ResourceDefinition {
  return {
    group: core.group ?? '',
    version: 'v1',
    kind: core.kind,
    listKind: `${core.kind}List`,
    plural: core.plural,
    singular: core.kind.toLowerCase(),
    shortNames: core.shortNames ?? [],
    categories: core.categories ?? [],
    namespaced: core.namespaced ?? true,
    strategicMerge: true,
    verbs: core.verbs ?? ALL_VERBS,
    // Clients of these kinds are used to a PUT without resourceVersion that overwrites.
    strategy: { hasStatus: false, unconditionalUpdate: true, ...core.strategy },
    table: core.table,
    subresources: core.subresources ?? [],
  };
}
