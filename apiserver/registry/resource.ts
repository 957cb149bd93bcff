import type { Duplex } from 'node:stream';
import type { FieldError } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Change } from '../../storage/store.ts';
import type { RequestContext } from '../request/context.ts';

/**
 * What the API serves: one ResourceDefinition per resource, listed in resources/all.ts. Discovery, OpenAPI paths,
 * routing, storage keys and tables are all derived from it; nothing about a resource is said twice.
 */
export interface ResourceDefinition {
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Takes strategic merge patches: what kubectl sends for the kinds that are built into it, and for no others. */
  readonly strategicMerge?: boolean;
  /** Kubernetes verbs of the main resource. A create-only kind (SubjectAccessReview) has ['create'] and is not stored. */
  readonly verbs: readonly string[];
  readonly strategy: Strategy;
  readonly table: TableDefinition;
  readonly subresources: readonly Subresource[];
}

/** What a write knows of who asks for it; writes of the server itself have one too. */
export type WriteContext = Pick<RequestContext, 'info' | 'user' | 'signal' | 'warnings' | 'annotate'> & {
  /** The server acts for itself: the host cluster's admission is not asked. */
  readonly internal?: true;
};

/** What is special about a resource when it is written. All functions are pure but for `answer`. */
export interface Strategy {
  /** Fields below status belong to the status subresource and are dropped from writes of the main resource. */
  readonly hasStatus: boolean;
  /** What is wrong with a name, in words; absent = the rules of a DNS-1123 subdomain. */
  validateName?(name: string): readonly string[];
  /** True when an update without resourceVersion overwrites whatever stands there; absent = it is refused. */
  readonly unconditionalUpdate?: boolean;
  /** Drops and sets what clients may not: status, live values, generation. `object` is the caller's own copy. */
  prepareForCreate?(object: KubernetesObject, context: WriteContext): void;
  prepareForUpdate?(object: KubernetesObject, old: KubernetesObject, context: WriteContext): void;
  prepareForStatusUpdate?(object: KubernetesObject, old: KubernetesObject, context: WriteContext): void;
  /** Called when deletionTimestamp is set for the first time, for example to write a phase; may refuse by throwing. */
  prepareForDelete?(object: KubernetesObject): void;
  /** True while something besides metadata.finalizers keeps a terminating object (spec.finalizers of a namespace). */
  holdsDeletion?(object: KubernetesObject): boolean;
  /** Semantic rules on top of the schema (which has been checked before). */
  validate?(object: KubernetesObject): readonly FieldError[];
  validateUpdate?(object: KubernetesObject, old: KubernetesObject): readonly FieldError[];
  validateStatusUpdate?(object: KubernetesObject, old: KubernetesObject, context: WriteContext): readonly FieldError[];
  /** Further keys (never of a watched kind) that must change in the same transaction as the object, for example a reservation. */
  alongside?(object: KubernetesObject | undefined, old: KubernetesObject | undefined): Promise<readonly Change[]>;
  /** Adds values that are never stored (status.live) to the caller's own copy; for get and tables only. */
  decorate?(object: KubernetesObject): void;
  /** False when `decorate` would add nothing to this object, so that its bytes can go out as they are kept. */
  isDecorated?(object: KubernetesObject): boolean;
  /** Lets requests wait with ?wait=<phase> until the object is there; absent = there is nothing to wait for. */
  readonly progress?: Progress;
  /** Extra paths for field selectors besides metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: KubernetesObject) => string>>;
  /** Create-only kinds: the answer instead of a stored object. */
  answer?(object: KubernetesObject, context: RequestContext): Promise<KubernetesObject>;
}

/** How an object comes along, for those who wait. */
export interface Progress {
  readonly phases: readonly string[];
  phaseOf(object: KubernetesObject): string;
  /** Where it hangs, in words, for the answer when waiting took too long. */
  explain(object: KubernetesObject): string;
}

export interface TableColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** 0 is always shown, above 0 only with -o wide. */
  readonly priority: number;
}

export interface TableDefinition {
  readonly columns: readonly TableColumn[];
  cells(object: KubernetesObject, now: Date): readonly unknown[];
}

export type Subresource = StatusSubresource | ViewSubresource | ActionSubresource | ReadSubresource | StreamSubresource;

export interface StatusSubresource {
  readonly kind: 'status';
  readonly name: 'status';
}

/**
 * A part of the object that is read and written by itself: another kind that stands for it (scale), or the object
 * under rules of its own (namespaces/finalize).
 */
export interface ViewSubresource {
  readonly kind: 'view';
  readonly name: string;
  /** What clients send and get here; discovery names it. */
  readonly viewGroup: string;
  readonly viewVersion: string;
  readonly viewKind: string;
  readonly verbs: readonly ('get' | 'patch' | 'update')[];
  /** How the view is shown as a table; absent = it has only one form. */
  readonly table?: TableDefinition;
  toView(object: KubernetesObject): KubernetesObject;
  /** Writes what the view says into the caller's own copy of the object. */
  fromView(view: KubernetesObject, object: KubernetesObject): void;
}

/** POST, body optional, the answer is the object (or what `run` says). */
export interface ActionSubresource {
  readonly kind: 'action';
  readonly name: string;
  /** Kind of the optional body, as discovery names it; its schema is looked up by this name. */
  readonly bodyKind: string;
  readonly bodyGroup: string;
  readonly bodyVersion: string;
  run(
    object: KubernetesObject,
    body: KubernetesObject | undefined,
    context: RequestContext,
    options: ActionOptions,
  ): Promise<ActionAnswer>;
}

export interface ActionOptions {
  /** Run everything, store nothing. */
  readonly dryRun: boolean;
  readonly fieldManager: string;
}

export interface ActionAnswer {
  readonly status: 200 | 201 | 202;
  readonly object: KubernetesObject;
}

/** GET, answered as JSON or text. */
export interface ReadSubresource {
  readonly kind: 'read';
  readonly name: string;
  read(object: KubernetesObject, context: RequestContext): Promise<void>;
}

/** GET with an Upgrade; reached through the server's `upgrade` event after the same access checks as every request. */
export interface StreamSubresource {
  readonly kind: 'stream';
  readonly name: string;
  connect(object: KubernetesObject, context: UpgradeContext): Promise<void>;
}

export interface UpgradeContext extends Omit<RequestContext, 'res'> {
  /** The raw connection and what was already read behind the request head. */
  readonly socket: Duplex;
  readonly head: Buffer;
}
