import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Authority } from '../../base/certificates/authority.ts';
import { newPrivateKey, signCertificate } from '../../base/certificates/sign.ts';

/** A review as the webhook got it. */
export interface Received {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly servername: string;
  readonly review: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly request: { readonly uid: string; readonly [key: string]: unknown };
  };
}

type Response = Readonly<Record<string, unknown>>;

/** A real https admission webhook whose answers a test decides. */
export class WebhookServer {
  readonly #server: Server;
  readonly received: Received[] = [];
  /** The `response` of the answer; its uid is filled in unless it has one. */
  respond: (received: Received) => Response | Promise<Response> = () => ({ allowed: true });
  /** Answers in place of all else, unless it returns false. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => unknown) | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** Its certificate is good for these names. */
  static async start(authority: Authority, names: readonly string[], address = '127.0.0.1'): Promise<WebhookServer> {
    const key = await newPrivateKey();
    const subject = { commonName: 'webhook' };
    const publicKey = createPublicKey(createPrivateKey(key));
    const cert = await signCertificate(
      { subject, usages: ['server'], names: [...names], days: 1 },
      publicKey,
      authority,
    );
    const server = createServer({ key, cert });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return new WebhookServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The last part of the path of each call, in order: which webhook was asked. */
  get asked(): string[] {
    return this.received.map(({ path }) => path.slice(1));
  }

  reset(): void {
    this.received.length = 0;
    this.respond = () => ({ allowed: true });
    this.intercept = undefined;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://webhook');
    const { servername = '' } = request.socket as unknown as { servername?: string };
    const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Received['review'];
    const received = { path: pathname, query: searchParams, headers: request.headers, servername, review };
    this.received.push(received);
    if (this.intercept && this.intercept(request, response) !== false) return;
    const answer = await this.respond(received);
    response.setHeader('content-type', 'application/json');
    const { kind, apiVersion } = review;
    response.end(JSON.stringify({ kind, apiVersion, response: { uid: review.request.uid, ...answer } }));
  }
}

/** A JSON patch as a webhook answers it. */
export const patch = (...operations: readonly object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
