import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { ResourceDefinition, WriteContext } from '../registry/resource.ts';
import type { UserInfo } from '../request/info.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** One write (or one stream that is opened) as the host cluster's admission looks at it. */
export interface AdmissionRequest {
  readonly operation: Operation;
  /** Of `object`: for a subresource with a kind of its own (scale) that kind. */
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  /** '' for the main resource. */
  readonly subresource: string;
  /** '' for cluster-scoped resources. */
  readonly namespace: string;
  /** '' while a generated name has not been drawn. */
  readonly name: string;
  /** Undefined for a delete. */
  readonly object: KubernetesObject | undefined;
  /** What stands there; undefined for a create and for a stream. */
  readonly old: KubernetesObject | undefined;
  /** CreateOptions, UpdateOptions or DeleteOptions with apiVersion and kind; undefined for a stream. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
  readonly dryRun: boolean;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
  /** Texts for Warning headers are added here. */
  readonly warnings: string[];
  /** Adds an annotation to the audit event of the request. */
  annotate(key: string, value: string): void;
}

/** Everything that a request says of itself besides the objects. */
export type RequestHead = Omit<AdmissionRequest, 'object' | 'old'>;

/** To be called when what was admitted is not stored after all: gives back what it was charged for. */
export type Withdraw = () => Promise<void>;

/**
 * Admission by the host cluster's rules. Both throw a StatusError to refuse.
 *
 * mutate    runs first, before defaults and validation; returns the object as it was changed.
 * validate  runs last, with the very object that is about to be stored, and may be called again after a lost race.
 */
export interface AdmissionChain {
  mutate(request: AdmissionRequest): Promise<KubernetesObject | undefined>;
  validate(request: AdmissionRequest): Promise<Withdraw | undefined>;
}

/** Without a host cluster there is nobody else's rule to ask. */
export const admitEverything: AdmissionChain = {
  mutate: async ({ object }) => object,
  validate: async () => undefined,
};

const noAnnotation = (): void => undefined;

/** The head of an ordinary write of `definition`; the parts that differ (a scale, an action's body) come in `more`. */
export function requestHead(
  definition: ResourceDefinition,
  context: WriteContext,
  operation: Operation,
  more: Pick<RequestHead, 'namespace' | 'name' | 'dryRun'> & Partial<RequestHead>,
): RequestHead {
  const { group, version, kind, plural: resource } = definition;
  return {
    operation,
    kind: { group, version, kind },
    resource: { group, version, resource },
    subresource: '',
    options: optionsOf(operation, context, more.dryRun),
    user: context.user,
    signal: context.signal,
    warnings: context.warnings,
    annotate: context.annotate ?? noAnnotation,
    ...more,
  };
}

/** A patch shows the options of what it comes to: an update, or a create. */
function optionsOf(operation: Operation, context: WriteContext, dryRun: boolean): RequestHead['options'] {
  if (operation === 'CONNECT') return undefined;
  const { query } = context.info;
  const kind = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' }[operation];
  const given = operation === 'DELETE' ? [] : ['fieldManager', 'fieldValidation'];
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...Object.fromEntries(given.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : []))),
  };
}
