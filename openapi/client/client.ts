import { setTimeout as delay } from 'node:timers/promises';
import { StatusError } from '../machinery/errors.ts';
import type { KubernetesList, Status } from '../machinery/object.ts';
import type { Connection } from './connection.ts';
import { type ApiObject, apiVersionOf, pathOf, type Resource } from './resources.ts';
import { type ApiRequest, ConnectionError, send } from './transport.ts';

/**
 * The typed client. Objects go in and out as plain JSON: nothing is converted, so read-change-write keeps what it does
 * not know. Failures are StatusError (the server said no) or ConnectionError (it could not be asked).
 *
 * Reads are tried again on a lost connection and where the answer has a Retry-After, until the deadline; writes never
 * are, because only the caller knows whether a second one is harmless.
 */
export interface ClientOptions {
  /** Sent as User-Agent; its part before "/" becomes the field manager. */
  readonly userAgent: string;
  /** Milliseconds per call when the call names none; 30,000. */
  readonly deadlineMs?: number;
}

export interface Reference {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  /** Items have metadata and nothing else: what a garbage collector may see of Secrets. */
  readonly metadataOnly?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export type PatchType = keyof typeof patchTypes;

export interface PatchOptions extends CallOptions {
  readonly type?: PatchType;
  readonly subresource?: string;
}

const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export class Client {
  readonly connection: Connection;
  readonly userAgent: string;
  readonly #deadlineMs: number;

  constructor(connection: Connection, options: ClientOptions) {
    this.connection = connection;
    this.userAgent = options.userAgent;
    this.#deadlineMs = options.deadlineMs ?? 30_000;
  }

  get<T extends ApiObject>(resource: Resource<T>, at: Reference, options: CallOptions = {}): Promise<T> {
    return this.#call('GET', pathOf(resource, at), options);
  }

  /** One page, or all when `limit` is absent. Items carry kind and apiVersion also where the server leaves them out. */
  async list<T extends ApiObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubernetesList<T>> {
    const { namespace, metadataOnly = false, query, signal, deadlineMs, continue: token, ...parameters } = options;
    const list = await this.#call<KubernetesList<T>>(
      'GET',
      pathOf(resource, { namespace }),
      {
        signal,
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        query: { ...parameters, continue: token, ...query },
      },
      undefined,
      metadataOnly ? { accept: METADATA_LIST } : {},
    );
    const items = list.items ?? [];
    for (const item of items) {
      if (metadataOnly || !item.kind) item.kind = resource.kind;
      if (metadataOnly || !item.apiVersion) item.apiVersion = apiVersionOf(resource);
    }
    return { ...list, items };
  }

  create<T extends ApiObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    return this.#call('POST', pathOf(resource, { namespace: this.#namespace(resource, object) }), options, object);
  }

  /** The object's resourceVersion is the condition: a stale one is a Conflict. */
  update<T extends ApiObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    return this.#call('PUT', pathOf(resource, this.#reference(resource, object)), options, object);
  }

  updateStatus<T extends ApiObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    return this.updateSubresource(resource, object, 'status', options);
  }

  /** PUTs the object to a subresource that takes it: status, finalize, … */
  updateSubresource<T extends ApiObject>(
    resource: Resource<T>,
    object: T,
    subresource: string,
    options: CallOptions = {},
  ): Promise<T> {
    const at = { ...this.#reference(resource, object), subresource };
    return this.#call('PUT', pathOf(resource, at), options, object);
  }

  patch<T extends ApiObject>(
    resource: Resource<T>,
    at: Reference,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    const { type = 'merge', subresource = '', ...call } = options;
    const headers = { 'content-type': patchTypes[type] };
    return this.#call('PATCH', pathOf(resource, { ...at, subresource }), call, patch, headers);
  }

  /** A Status when the object is gone, the object itself while finalizers hold it. */
  delete<T extends ApiObject>(resource: Resource<T>, at: Reference, options: DeleteOptions = {}): Promise<T | Status> {
    const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy, ...call } = options;
    const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      ...(uid || resourceVersion ? { preconditions } : {}),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy ? { propagationPolicy } : {}),
    };
    return this.#call('DELETE', pathOf(resource, at), call, body);
  }

  /** Deletes every object of a namespace that the selectors match, and answers with what it found. */
  deleteCollection<T extends ApiObject>(
    resource: Resource<T>,
    options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector' | keyof CallOptions>,
  ): Promise<KubernetesList<T> | Status> {
    const { namespace, labelSelector, fieldSelector, query, ...call } = options;
    const selected = { ...call, query: { labelSelector, fieldSelector, ...query } };
    return this.#call('DELETE', pathOf(resource, { namespace }), selected);
  }

  /** POSTs to a subresource that does something: start, stop, binding, … The answer is the object, or what it says. */
  action<T extends ApiObject, A = T>(
    resource: Resource<T>,
    at: Reference,
    subresource: string,
    body?: unknown,
    options: CallOptions = {},
  ): Promise<A> {
    return this.#call('POST', pathOf(resource, { ...at, subresource }), options, body ?? {});
  }

  /** GETs any path: health, version, a read subresource. The bytes as they came. */
  async raw(path: string, options: CallOptions = {}): Promise<Buffer> {
    return (await this.#send({ method: 'GET', path: withQuery(path, options.query) }, options)).body;
  }

  close(): void {
    this.connection.close();
  }

  #namespace(resource: Resource<ApiObject>, object: ApiObject): string | undefined {
    return resource.namespaced ? object.metadata.namespace || this.connection.namespace : undefined;
  }

  #reference(resource: Resource<ApiObject>, object: ApiObject): Reference {
    const { name } = object.metadata;
    if (!name) throw new Error(`a ${resource.kind} without a name cannot be updated`);
    return { namespace: this.#namespace(resource, object), name };
  }

  async #call<A>(
    method: ApiRequest['method'],
    path: string,
    options: CallOptions,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<A> {
    const request = { method, path: withQuery(path, options.query), body, headers };
    const { body: bytes } = await this.#send(request, options);
    return JSON.parse(bytes.toString('utf8')) as A;
  }

  async #send(request: Omit<ApiRequest, 'deadlineMs'>, options: CallOptions) {
    const end = performance.now() + (options.deadlineMs ?? this.#deadlineMs);
    const headers = { 'user-agent': this.userAgent, ...request.headers };
    for (let attempt = 0; ; attempt++) {
      try {
        const deadlineMs = Math.max(1, Math.ceil(end - performance.now()));
        return await send(this.connection, { ...request, headers, deadlineMs, signal: options.signal });
      } catch (error) {
        const pause = request.method === 'GET' ? retryPause(error, attempt) : undefined;
        if (pause === undefined || performance.now() + pause >= end) throw error;
        await delay(pause, undefined, options.signal ? { signal: options.signal } : {});
      }
    }
  }
}

/** Milliseconds until a read is tried again; undefined when it is not. */
function retryPause(error: unknown, attempt: number): number | undefined {
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  if (error instanceof ConnectionError) {
    // What will not be different next time: certificates, names that do not resolve, answers that never end.
    const lasting = !['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'EAI_AGAIN'].includes(error.code);
    return lasting || attempt >= 3 ? undefined : backoff;
  }
  if (!(error instanceof StatusError) || error.retryAfterSeconds === undefined) return undefined;
  return error.code === 429 || error.code >= 500 ? Math.max(error.retryAfterSeconds * 1000, backoff) : undefined;
}

export function withQuery(path: string, query: CallOptions['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.append(name, String(value));
  const text = parameters.toString();
  return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path;
}
