import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiObject, Resource } from '../../openapi/client/resources.ts';

type Stored = ApiObject & { [key: string]: unknown };

/** What a list or watch asks for. */
type Selects = (object: Stored) => boolean;

interface Collection {
  readonly resource: Resource<ApiObject>;
  readonly objects: Map<string, Stored>;
  readonly watches: Map<ServerResponse, Selects>;
  /** All events so far, with their revisions. */
  readonly history: { readonly revision: number; readonly line: string; readonly object: Stored }[];
}

/**
 * As much of a kube-apiserver as admission asks of one, under a test's control: collections with list, watch, get, and
 * PUT of status with compare-and-swap. Everybody may do everything. What a real one answers is proven in
 * test/e2e/kubernetes.
 */
export class HostStandIn {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #collections = new Map<string, Collection>();
  #revision = 100;
  /** `GET /api/v1/namespaces/x`, … in order. */
  readonly requests: string[] = [];
  /** Answers in place of all else, unless it returns false. */
  intercept: ((request: IncomingMessage, response: ServerResponse, path: string) => unknown) | undefined;
  url = '';

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get kubeconfig(): string {
    return JSON.stringify({
      'current-context': 'host',
      contexts: [{ name: 'host', context: { cluster: 'host' } }],
      clusters: [{ name: 'host', cluster: { server: this.url } }],
    });
  }

  /** From now on the kind is served. */
  serve(...resources: readonly Resource<ApiObject>[]): void {
    for (const resource of resources) {
      const { group, version, plural } = resource;
      const path = `${group === '' ? '/api' : `/apis/${group}`}/${version}/${plural}`;
      this.#collections.set(path, { resource, objects: new Map(), watches: new Map(), history: [] });
    }
  }

  /** Creates or replaces. */
  put<T extends ApiObject>(resource: Resource<T>, object: Omit<T, 'apiVersion' | 'kind'>): T {
    const collection = this.#collection(resource);
    const { objects } = collection;
    const { namespace, name = '' } = object.metadata;
    const key = namespace ? `${namespace}/${name}` : name;
    const before = objects.get(key);
    this.#revision += 1;
    const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    const stored = {
      ...object,
      apiVersion,
      kind: resource.kind,
      metadata: {
        uid: before?.metadata.uid ?? randomUUID(),
        creationTimestamp: before?.metadata.creationTimestamp ?? `${new Date().toISOString().slice(0, 19)}Z`,
        ...object.metadata,
        resourceVersion: String(this.#revision),
      },
    } as unknown as Stored;
    objects.set(key, stored);
    this.#tell(collection, before === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored as unknown as T;
  }

  read<T extends ApiObject>(resource: Resource<T>, key: string): T | undefined {
    return this.#collection(resource).objects.get(key) as T | undefined;
  }

  remove(resource: Resource<ApiObject>, key: string): void {
    const collection = this.#collection(resource);
    const { objects } = collection;
    const object = objects.get(key);
    if (object === undefined) return;
    objects.delete(key);
    this.#revision += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#revision) };
    this.#tell(collection, 'DELETED', { ...object, metadata });
  }

  clear(...resources: readonly Resource<ApiObject>[]): void {
    for (const one of resources) for (const key of this.#collection(one).objects.keys()) this.remove(one, key);
  }

  #collection({ group, version, plural }: Resource<ApiObject>): Collection {
    const path = `${group === '' ? '/api' : `/apis/${group}`}/${version}/${plural}`;
    const found = this.#collections.get(path);
    if (found === undefined) throw new Error(`${path} is not served`);
    return found;
  }

  #tell({ watches, history }: Collection, type: string, object: Stored): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    history.push({ revision: this.#revision, line, object });
    for (const [watch, selects] of watches) if (selects(object)) watch.write(line);
  }

  /** True when every kind is watched by somebody. */
  get watched(): boolean {
    return [...this.#collections.values()].every(
      ({ resource, watches }) => this.unwatched(resource) || watches.size > 0,
    );
  }

  /** Kinds that nobody follows. */
  unwatched: (resource: Resource<ApiObject>) => boolean = () => false;

  /** The status of a review's answer; undefined for what is none. Everybody may do everything. */
  protected reviewed(plural: string, _spec: unknown): object | undefined {
    return plural === 'subjectaccessreviews' ? { allowed: true } : undefined;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
    this.requests.push(`${request.method} ${pathname}`);
    if (this.intercept && this.intercept(request, response, pathname) !== false) return;
    const status = this.reviewed(pathname.slice(pathname.lastIndexOf('/') + 1), body?.spec);
    if (status !== undefined) return answer(response, 201, { ...body, status });
    const discovered = this.#discovery(pathname);
    if (discovered !== undefined) return answer(response, 200, discovered);
    const [, root = '', namespace = '', rest = ''] =
      /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/(.+)$/.exec(pathname) ?? [];
    const [plural = '', name = '', subresource = ''] = rest.split('/');
    const collection = this.#collections.get(`${root}/${plural}`);
    if (collection === undefined) return missing(response);
    if (name === '') return this.#list(collection, namespace, searchParams, response);
    const key = namespace === '' ? name : `${namespace}/${name}`;
    const object = collection.objects.get(key);
    if (object === undefined) return missing(response);
    if (request.method === 'GET') return answer(response, 200, object);
    if (request.method !== 'PUT' || subresource !== 'status')
      return answer(response, 405, { kind: 'Status', code: 405 });
    if (body.metadata.resourceVersion !== object.metadata.resourceVersion) {
      return answer(response, 409, { kind: 'Status', code: 409, reason: 'Conflict', message: 'modified' });
    }
    return answer(response, 200, this.put(collection.resource, { ...object, status: body.status } as Stored));
  }

  #list(
    { resource, objects, watches, history }: Collection,
    namespace: string,
    query: URLSearchParams,
    response: ServerResponse,
  ) {
    const labels = new URLSearchParams((query.get('labelSelector') ?? '').replaceAll(',', '&'));
    const [, named] = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '') ?? [];
    const selects: Selects = ({ metadata }) =>
      (namespace === '' || metadata.namespace === namespace) &&
      (named === undefined || metadata.name === named) &&
      [...labels].every(([key, value]) => metadata.labels?.[key] === value);
    if (query.get('watch') === 'true') {
      response.setHeader('content-type', 'application/json');
      response.flushHeaders();
      const from = Number(query.get('resourceVersion'));
      for (const { revision, line, object } of history) if (revision > from && selects(object)) response.write(line);
      watches.set(response, selects);
      response.on('close', () => watches.delete(response));
      return;
    }
    const items = [...objects.values()].filter(selects);
    const metadata = { resourceVersion: String(this.#revision) };
    answer(response, 200, { kind: `${resource.kind}List`, apiVersion: 'v1', metadata, items });
  }

  #discovery(pathname: string): object | undefined {
    const found = [...this.#collections].filter(([path]) => path.slice(0, path.lastIndexOf('/')) === pathname);
    if (found.length === 0) return undefined;
    const resources = found.map(([, { resource }]) => ({ ...resource, name: resource.plural, verbs: [] }));
    return { kind: 'APIResourceList', apiVersion: 'v1', resources };
  }
}

function answer(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function missing(response: ServerResponse): void {
  answer(response, 404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' });
}
