import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Client } from './client.ts';
import { type Connection, createConnection } from './connection.ts';
import type { ApiObject, Resource } from './resources.ts';

/** For tests: an API server of one collection that answers correctly until it is told to misbehave. */
export interface Thing extends ApiObject {
  spec?: { value: number };
}

export const things: Resource<Thing> = {
  group: 'test.dev',
  version: 'v1',
  plural: 'things',
  kind: 'Thing',
  namespaced: true,
};

export class FakeServer {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  readonly objects = new Map<string, Thing>();
  readonly requests: string[] = [];
  readonly history: string[] = [];
  revision = 10;
  /** Watches from below this revision are told that it expired. */
  oldest = 0;
  /** Answers in place of the collection, unless it returns false. */
  intercept: ((request: IncomingMessage, response: ServerResponse, url: URL) => unknown) | undefined;
  connection!: Connection;
  client!: Client;

  async start(): Promise<this> {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    this.connection = createConnection({
      server: `http://127.0.0.1:${port}`,
      authorize: () => ({ tls: {}, headers: { authorization: 'Bearer secret' } }),
    });
    this.client = new Client(this.connection, { userAgent: 'test/1', deadlineMs: 2000 });
    return this;
  }

  async stop(): Promise<void> {
    this.connection.close();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get server() {
    return this.#server;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  put(name: string, value: number): Thing {
    const key = `default/${name}`;
    const before = this.objects.get(key);
    this.revision++;
    const object: Thing = {
      apiVersion: 'test.dev/v1',
      kind: 'Thing',
      metadata: {
        name,
        namespace: 'default',
        uid: before?.metadata.uid ?? `${name}-${this.revision}`,
        resourceVersion: String(this.revision),
      },
      spec: { value },
    };
    this.objects.set(key, object);
    this.#emit(before ? 'MODIFIED' : 'ADDED', object);
    return object;
  }

  remove(name: string): void {
    const object = this.objects.get(`default/${name}`);
    if (!object) return;
    this.revision++;
    this.objects.delete(`default/${name}`);
    this.#emit('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(this.revision) } });
  }

  #emit(type: string, object: Thing): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.history.push(line);
    for (const watch of this.#watches) watch.write(line);
  }

  /** Ends all watches, in order or by cutting their connections. */
  endWatches(how: 'ended' | 'cut'): void {
    for (const watch of this.#watches) {
      if (how === 'ended') watch.end();
      else watch.destroy();
    }
    this.#watches.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    this.requests.push(`${request.method} ${request.url}`);
    if (this.intercept && this.intercept(request, response, url) !== false) return;
    if (url.searchParams.get('watch')) return this.#watch(response, url);
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        apiVersion: 'test.dev/v1',
        kind: 'ThingList',
        metadata: { resourceVersion: String(this.revision) },
        items: [...this.objects.values()],
      }),
    );
  }

  #watch(response: ServerResponse, url: URL): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    response.setHeader('content-type', 'application/json');
    response.flushHeaders();
    if (from < this.oldest) {
      const object = {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        reason: 'Expired',
        code: 410,
        message: 'too old',
      };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    for (const line of this.history) {
      const { object } = JSON.parse(line) as { object: Thing };
      if (Number(object.metadata.resourceVersion) > from) response.write(line);
    }
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }
}

export function answerJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Waits until `condition` holds; fails with `what` after 5 s. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`this never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
