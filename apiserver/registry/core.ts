import type { FieldError } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Shape } from '../../openapi/schema/shape.ts';
import type { Cache } from '../../storage/cache/cache.ts';
import type { Store } from '../../storage/store.ts';
import type { AdmissionChain } from '../admission/request.ts';
import type { UserInfo } from '../request/info.ts';
import type { Foreseen } from './foreseen.ts';
import { placeOf } from './keys.ts';
import type { NamespaceLifecycle } from './namespace-lifecycle.ts';
import type { ResourceDefinition } from './resource.ts';

/** What openapi/schema has compiled for a kind. */
export interface Schema {
  validate(object: KubernetesObject): readonly FieldError[];
  default(object: KubernetesObject): void;
  unknownFields(object: KubernetesObject): readonly string[];
  prune(object: KubernetesObject): void;
  /** What the documents say about its members. */
  readonly shape: Shape;
}

/** What selectors look at, kept with every cached object. */
export interface Summary {
  readonly labels: Readonly<Record<string, string>>;
  /** Values of the selectable fields by their path, metadata.name and metadata.namespace among them. */
  readonly fields: Readonly<Record<string, string>>;
}

export type ObjectCache = Cache<KubernetesObject, Summary>;

/** A write that is about to be stored, for rules that depend on who writes what. */
export interface AdmittedWrite {
  readonly user: UserInfo;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly object: KubernetesObject;
  /** Undefined when the object is new. */
  readonly old: KubernetesObject | undefined;
}

/** Throws a StatusError (403) to refuse. Called within the write, with the very object that is replaced. */
export type Admission = (write: AdmittedWrite) => void;

/** Everything that the functions of one resource's registry share. */
export interface ResourceCore {
  readonly definition: ResourceDefinition;
  readonly store: Store;
  readonly cache: ObjectCache;
  /** Told of what is about to be stored. */
  readonly foreseen: Foreseen;
  readonly schema: Schema | undefined;
  /** Undefined for cluster-scoped resources, and where nobody keeps namespaces. */
  readonly namespaces: NamespaceLifecycle | undefined;
  readonly admit: Admission;
  /** What the host cluster's rules say; everything passes where there is none. */
  readonly admission: AdmissionChain;
  readonly now: () => Date;
  nameOf(key: string): string;
}

export const nameOfKey = (definition: ResourceDefinition) => (key: string) => placeOf(definition, key).name;
