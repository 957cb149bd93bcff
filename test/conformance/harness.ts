import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request, { type Test } from 'supertest';
import { parsePool } from '../../apiserver/access/authentication/certificate-pool.ts';
import { clientCertificates } from '../../apiserver/access/authentication/client-certificate.ts';
import { createAuthentication } from '../../apiserver/access/authentication/union.ts';
import type { Authorizer } from '../../apiserver/access/authorization/attributes.ts';
import { admitLauncherWrite } from '../../apiserver/access/launchers/admission.ts';
import { openApiDocuments } from '../../apiserver/discovery/openapi.ts';
import { type Api, type ApiParts, createApi } from '../../apiserver/resources/api.ts';
import { createServer } from '../../apiserver/serving/api-server.ts';
import { ensureServerIdentities } from '../../apiserver/serving/identities.ts';
import { LiveValues } from '../../apiserver/streams/live-values.ts';
import { type Authority, ensureKeyPair, type KeyPair } from '../../base/certificates/authority.ts';
import { createLogger } from '../../base/log.ts';
import { createMetrics } from '../../base/metrics.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { openWatch, type WatchClient } from './watch-client.ts';

/**
 * The real https server over a real etcd. Authentication is the real one, by client certificate; everybody is allowed
 * everything that the registry itself does not refuse, because authorization has suites of its own.
 */
export interface TestApi {
  readonly admin: Client;
  readonly etcd: TemporaryEtcd;
  readonly store: EtcdStore;
  readonly live: LiveValues;
  readonly api: Api;
  /** Where the server is and who the administrator is, for requests by hand. */
  readonly connection: Connection;
  /** What authorization was asked, in order. It allows everything, but nothing to users whose name begins with "denied". */
  readonly authorized: readonly { readonly verb: string; readonly name: string }[];
  readonly port: number;
  as(commonName: string, ...organizations: string[]): Promise<Client>;
  launcher(node: string): Promise<Client>;
  /** Ends the server and starts another one over the same etcd, as a restart does. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Client {
  get(path: string): Test;
  head(path: string): Test;
  post(path: string, body?: unknown): Test;
  put(path: string, body: unknown): Test;
  /** A merge patch unless told otherwise. */
  patch(path: string, body: unknown, mediaType?: string): Test;
  delete(path: string, body?: unknown): Test;
  watch(path: string, accept?: string): Promise<WatchClient>;
  /** For clients of other kinds. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

export const MACHINES = '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines';
export const HOSTS = '/apis/torpor.dev/v1alpha1/hosts';

export async function startApi(watch: NonNullable<ApiParts['watch']> = {}): Promise<TestApi> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  const [etcd, identities] = await Promise.all([startEtcd(), ensureServerIdentities(directory, '127.0.0.1')]);
  const { authority } = identities;
  const { serving } = identities;
  const authorized: { verb: string; name: string }[] = [];
  const authorizer: Authorizer = {
    async authorize({ user, verb, target }) {
      authorized.push({ verb, name: target.kind === 'resource' ? target.name : target.path });
      return user.name.startsWith('denied') ? { kind: 'no opinion', reason: '' } : { kind: 'allowed', reason: 'test' };
    },
  };
  const options = { watch, authorizer };
  let running = await serve(etcd, authority.certificate, serving, options).catch(async (error: unknown) => {
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  const pairOf = (name: string, commonName: string, organizations: readonly string[]) => {
    const subject = { commonName, organizations };
    return ensureKeyPair(directory, name, { subject, usages: ['client'], days: 1 }, authority);
  };
  const client = async (name: string, commonName: string, organizations: readonly string[]): Promise<Client> =>
    createClient(() => running.port, authority, await pairOf(name, commonName, organizations));
  const administrator = await pairOf('test-admin', 'torpor-admin', ['system:masters']);
  let clients = 0;
  return {
    admin: createClient(() => running.port, authority, administrator),
    authorized,
    get connection() {
      const { certificate: cert, key } = administrator;
      return { host: '127.0.0.1', port: running.port, ca: authority.certificate, cert, key };
    },
    etcd,
    get store() {
      return running.store;
    },
    get live() {
      return running.live;
    },
    get api() {
      return running.api;
    },
    get port() {
      return running.port;
    },
    as(commonName, ...organizations) {
      clients += 1;
      return client(`test-${clients}`, commonName, organizations);
    },
    launcher: (node) => client(`test-launcher-${node}`, `torpor:launcher:${node}`, ['torpor:launchers']),
    async restart() {
      await running.stop();
      running = await serve(etcd, authority.certificate, serving, options);
    },
    async stop() {
      await running.stop();
      await etcd.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface ServeOptions {
  readonly watch: NonNullable<ApiParts['watch']>;
  readonly authorizer: Authorizer;
}

async function serve(etcd: TemporaryEtcd, ca: string, serving: KeyPair, { watch, authorizer }: ServeOptions) {
  const log = createLogger('test', { level: (process.env.TORPOR_LOG_LEVEL ?? 'fatal') as 'fatal' });
  const store = new EtcdStore({ servers: [etcd.endpoint], prefix: '/torpor.dev', log });
  const live = new LiveValues();
  const unused = () => Promise.reject(new Error('not part of this suite'));
  const api = createApi({
    store,
    log,
    embedded: true,
    reviews: {
      selfSubjectAccessReview: async (object) => ({ ...object, status: { allowed: true } }),
      subjectAccessReview: unused,
      localSubjectAccessReview: unused,
      selfSubjectRulesReview: unused,
      selfSubjectReview: unused,
    },
    admit: admitLauncherWrite,
    live,
    watch,
    openStream: unused,
    receiveLive: unused,
  });
  const pool = parsePool(ca, 'test');
  const server = createServer({
    logger: log,
    metrics: createMetrics(),
    version: 'v0.1.0',
    tls: { serving, clientAuthorities: ca },
    resources: api.definitions,
    dispatch: api.dispatch,
    streamOf: api.streamOf,
    authenticate: createAuthentication({
      authenticators: [clientCertificates(() => pool)],
      anonymous: false,
      logger: log,
    }),
    authorizer,
    documents: openApiDocuments(api.definitions, 'v0.1.0'),
    live: [],
    ready: [],
    limits: { drainMs: 500 },
  });
  await api.start(AbortSignal.timeout(20_000));
  const { port } = await server.start(0, '127.0.0.1');
  return {
    api,
    store,
    live,
    port,
    async stop() {
      await server.stop();
      await api.close();
      await store.close();
    },
  };
}

function createClient(port: () => number, authority: Authority, pair: KeyPair): Client {
  const send = (method: 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete', path: string): Test =>
    request(`https://127.0.0.1:${port()}`)
      [method](path)
      .ca(authority.certificate)
      .cert(pair.certificate)
      .key(pair.key)
      // Without this, agents that people read the output of get indented JSON.
      .set('User-Agent', 'suite/1');
  const sendJson = (test: Test, body: unknown, mediaType = 'application/json'): Test =>
    body === undefined
      ? test
      : test.set('Content-Type', mediaType).send(typeof body === 'string' ? body : JSON.stringify(body));
  const tls = { ca: authority.certificate, cert: pair.certificate, key: pair.key };
  return {
    tls,
    get: (path) => send('get', path),
    head: (path) => send('head', path),
    post: (path, body) => sendJson(send('post', path), body),
    put: (path, body) => sendJson(send('put', path), body),
    patch: (path, body, mediaType = 'application/merge-patch+json') => sendJson(send('patch', path), body, mediaType),
    delete: (path, body) => sendJson(send('delete', path), body),
    watch: (path, accept) =>
      openWatch({
        port: port(),
        path,
        ...tls,
        ...(accept === undefined ? {} : { accept }),
      }),
  };
}
