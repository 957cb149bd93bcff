import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from '../../openapi/api.ts';

/**
 * As much of a kube-apiserver as our server asks of one, under a test's control: it can be wrong, slow, or away. What a
 * real one answers is proven in test/e2e/kubernetes.
 */
export class TestHost {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #watches = new Set<ServerResponse>();
  #revision = 100;
  #authentication: Record<string, string> | undefined;
  /** Every question of a SubjectAccessReview, and every token of a TokenReview, in order. */
  readonly questions: SubjectAccessReviewSpec[] = [];
  readonly tokens: string[] = [];
  decide: (spec: SubjectAccessReviewSpec) => SubjectAccessReviewStatus = () => ({ allowed: false });
  whose: (token: string) => Record<string, unknown> = () => ({ authenticated: false });
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

  /** kube-system/extension-apiserver-authentication; undefined deletes it. */
  set authentication(data: Record<string, string> | undefined) {
    const before = this.#authentication;
    this.#authentication = data;
    this.#revision += 1;
    const type = data === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED';
    const line = `${JSON.stringify({ type, object: this.#configMap(data ?? before ?? {}) })}\n`;
    for (const watch of this.#watches) watch.write(line);
  }

  #configMap(data: Record<string, string>) {
    const name = 'extension-apiserver-authentication';
    const metadata = { name, namespace: 'kube-system', uid: 'u', resourceVersion: String(this.#revision) };
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (this.intercept && this.intercept(request, response, pathname) !== false) return;
    response.setHeader('content-type', 'application/json');
    switch (`${request.method} ${pathname}`) {
      case 'GET /api/v1/namespaces/kube-system/configmaps': {
        if (searchParams.get('watch') === 'true') {
          response.flushHeaders();
          this.#watches.add(response);
          response.on('close', () => this.#watches.delete(response));
          return;
        }
        const items = this.#authentication === undefined ? [] : [this.#configMap(this.#authentication)];
        const metadata = { resourceVersion: String(this.#revision) };
        response.end(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMapList', metadata, items }));
        return;
      }
      case 'POST /apis/authorization.k8s.io/v1/subjectaccessreviews':
        this.questions.push(body.spec);
        response.writeHead(201).end(JSON.stringify({ ...body, status: this.decide(body.spec) }));
        return;
      case 'POST /apis/authentication.k8s.io/v1/tokenreviews':
        this.tokens.push(body.spec.token);
        response.writeHead(201).end(JSON.stringify({ ...body, status: this.whose(body.spec.token) }));
        return;
      default:
        response.writeHead(404).end(JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound' }));
    }
  }
}
