import { readFile } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, type AgentOptions, request } from 'node:https';
import path from 'node:path';
import { authorityFiles, pairFiles } from '../../../hack/kubernetes/certificates.ts';
import { torporAuthority } from '../../../hack/kubernetes/torpor.ts';
import type { Cluster } from '../../harness/kubernetes.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | undefined;
}

/** Requests exactly as written: no header is added, no answer is interpreted. */
export interface Requester {
  ask(target: string, options?: Ask): Promise<Answer>;
  /** The answer as soon as its head is there. Whoever asks destroys it. */
  open(target: string, options?: Ask): Promise<IncomingMessage>;
  close(): void;
}

function requester(server: string, tls: AgentOptions, always: OutgoingHttpHeaders): Requester {
  const agent = new Agent({ ...tls, keepAlive: true });
  const open = (target: string, { method = 'GET', headers, body }: Ask = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
      const { hostname, port } = new URL(server);
      const sent = request(
        { hostname, port, path: target, method, agent, headers: { ...always, ...length, ...headers } },
        resolve,
      );
      sent.on('error', reject);
      sent.end(body);
    });
  return {
    open,
    async ask(target, options) {
      const answer = await open(target, options);
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      return { status: answer.statusCode ?? 0, headers: answer.headers, text };
    },
    close: () => agent.destroy(),
  };
}

/** As the cluster's administrator at kube-apiserver. */
export async function asAdmin(cluster: Cluster): Promise<Requester> {
  const { cert, key } = pairFiles(cluster.home, 'admin');
  const [ca, certificate, privateKey] = await Promise.all(
    [authorityFiles(cluster.home).cert, cert, key].map((file) => readFile(file)),
  );
  return requester(cluster.server, { ca, cert: certificate, key: privateKey }, {});
}

/** Without a certificate, so that a request is whoever its headers say. */
export async function anonymous(cluster: Cluster, way: 'direct' | 'through kube-apiserver'): Promise<Requester> {
  const [server, authority] =
    way === 'direct'
      ? [cluster.direct, torporAuthority(cluster.home)]
      : [cluster.server, authorityFiles(cluster.home).cert];
  return requester(server, { ca: await readFile(authority) }, {});
}

/** As kube-apiserver itself at Torpor's API server: with the front proxy's certificate, for some user. */
export async function asFrontProxy(cluster: Cluster, user: string, groups: readonly string[] = []): Promise<Requester> {
  const { cert, key } = pairFiles(cluster.home, 'front-proxy/client');
  const [ca, certificate, privateKey] = await Promise.all(
    [torporAuthority(cluster.home), cert, key].map((file) => readFile(file)),
  );
  const headers = { 'X-Remote-User': user, ...(groups.length > 0 ? { 'X-Remote-Group': [...groups] } : {}) };
  // kube-apiserver asks for the Service's name whatever address it dials.
  const servername = 'torpor-apiserver.torpor-system.svc';
  return requester(cluster.direct, { ca, cert: certificate, key: privateKey, servername }, headers);
}

/** JSON lines of an open watch, one after the other. */
export async function* linesOf<T>(answer: IncomingMessage): AsyncGenerator<T> {
  let rest = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as T;
  }
}

/** Path of a machine, or of all of a namespace. */
export function machinesPath(namespace: string, name?: string, subresource?: string): string {
  const parts = ['/apis/torpor.dev/v1alpha1/namespaces', namespace, 'virtualmachines', name, subresource];
  return path.posix.join(...parts.filter((part) => part !== undefined));
}
