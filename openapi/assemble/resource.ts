/** What the documents must know of a resource; apiserver/registry's ResourceDefinition is one. */
export interface PublishedResource {
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Kubernetes verbs; ['create'] for a kind that is only answered. */
  readonly verbs: readonly string[];
  /** Media types that PATCH takes; kubectl chooses its own by what is listed here. */
  readonly patchTypes: readonly string[];
  /** Creates and actions can wait for a phase (?wait=). */
  readonly waits: boolean;
  readonly subresources: readonly PublishedSubresource[];
}

export type PublishedSubresource =
  | { readonly kind: 'status'; readonly name: string }
  | {
      readonly kind: 'action';
      readonly name: string;
      readonly bodyKind: string;
      readonly bodyGroup: string;
      readonly bodyVersion: string;
    }
  | {
      /** Another kind, maybe of another group version, that stands for the object: scale. */
      readonly kind: 'view';
      readonly name: string;
      readonly viewKind: string;
      readonly viewGroup: string;
      readonly viewVersion: string;
      readonly verbs: readonly ('get' | 'patch' | 'update')[];
    }
  | { readonly kind: 'read' | 'stream'; readonly name: string };

export interface AssembleOptions {
  /** Version of the server, for info.version. */
  readonly version: string;
}

/** `/api/v1` or `/apis/<group>/<version>`. */
export function groupVersionPath({ group, version }: { group: string; version: string }): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}
