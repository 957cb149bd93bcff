/** What a request asks for, parsed once from method and URL; every later stage reads this and never the URL again. */
export interface RequestInfo {
  /** True for /api/v1/… and /apis/<group>/<version>/…; false for /healthz, /metrics, discovery documents and unknown paths. */
  readonly isResource: boolean;
  readonly path: string;
  /** Kubernetes verb for resource requests (get, list, watch, create, update, patch, delete, deletecollection), else the lower-case method. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** Plural resource name, '' when the request names none. */
  readonly resource: string;
  /** '' for cluster-scoped requests and for all namespaces. */
  readonly namespace: string;
  readonly name: string;
  /** '' when none; everything after the first segment of a connect subresource is in `subpath`. */
  readonly subresource: string;
  /** The rest after the subresource, for example the port of portforward/{port}. */
  readonly subpath: string;
  readonly query: URLSearchParams;
}

/** Who asks. `system:authenticated` or `system:unauthenticated` is always among the groups. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}
