/**
 * One API server: the chain, what lies behind it, and its life.
 *
 * I1  `start` resolves when connections are accepted. Discovery and health answer from then on, whatever the store does.
 * I2  `stop`: readyz fails first, for `shutdownDelayMs` everything goes on, while each answer tells its client to take
 *     another connection for the next request; then watches and streams are ended, ordinary requests finish,
 *     connections close. It resolves when nothing is left.
 */

import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../base/log.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Audit } from '../access/audit/audit.ts';
import type { Authorizer } from '../access/authorization/attributes.ts';
import { requireAllowed } from '../access/authorization/request.ts';
import { createImpersonation } from '../access/impersonation.ts';
import { discoveryDocuments } from '../discovery/documents.ts';
import { createApp } from '../edge/app.ts';
import { createChain, type Destination } from '../edge/chain.ts';
import { notFound } from '../edge/fault.ts';
import { InFlight } from '../edge/in-flight.ts';
import { send, sendJson } from '../edge/respond.ts';
import { createUpgradeListener, type StreamDestination } from '../edge/upgrade.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import type { UserInfo } from '../request/info.ts';
import { writersOnly } from '../streams/writers-only.ts';
import { measuredAccess } from './access-metrics.ts';
import { type Documents, documentRouter } from './documents.ts';
import { type Check, healthEndpoint } from './health.ts';
import { requestMetrics } from './metrics.ts';
import { createHttpsListener, type TlsMaterial, type TlsVersion } from './server.ts';
import { versionDocument } from './version.ts';

export interface ApiServerParts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly tls: TlsMaterial;
  readonly resources: readonly ResourceDefinition[];
  /** Answers resource requests. */
  readonly dispatch: Destination;
  /** The stream that a request with an Upgrade names, undefined when it names none. Throws 404. */
  readonly streamOf: (context: RequestContext) => Promise<StreamDestination | undefined>;
  readonly authenticate: (req: IncomingMessage) => Promise<UserInfo>;
  readonly authorizer: Authorizer;
  readonly audit?: Audit | undefined;
  /** OpenAPI and whatever else is served at paths of its own. */
  readonly documents: Documents;
  readonly live: readonly Check[];
  readonly ready: readonly Check[];
  readonly limits?: Partial<Limits>;
  /** The oldest version of TLS that is spoken; 1.2 when absent. */
  readonly minVersion?: TlsVersion;
}

export interface Limits {
  readonly requestTimeoutMs: number;
  readonly readOnlyInFlight: number;
  readonly mutatingInFlight: number;
  readonly shutdownDelayMs: number;
  /** Longest wait for ordinary requests when the server stops. */
  readonly drainMs: number;
}

/** kube-apiserver's own. */
const standardLimits: Limits = {
  requestTimeoutMs: 60_000,
  readOnlyInFlight: 400,
  mutatingInFlight: 200,
  shutdownDelayMs: 0,
  drainMs: 60_000,
};

export interface ApiServer {
  start(port: number, address: string): Promise<AddressInfo>;
  useTls(tls: TlsMaterial): void;
  stop(): Promise<void>;
}

export function createServer(parts: ApiServerParts): ApiServer {
  const { logger, metrics, resources } = parts;
  const limits = { ...standardLimits, ...parts.limits };
  const inFlight = new InFlight({ readOnly: limits.readOnlyInFlight, mutating: limits.mutatingInFlight });
  const measured = requestMetrics(metrics, inFlight, servedBy(resources));
  const authorize = requireAllowed(parts.authorizer);
  const access = measuredAccess(metrics, {
    authenticate: parts.authenticate,
    impersonate: createImpersonation(parts.authorizer),
    authorize,
  });
  const ending = new AbortController();
  let stopping = false;

  const chain = createChain({
    logger,
    inFlight,
    requestTimeoutMs: limits.requestTimeoutMs,
    shutdown: ending.signal,
    ...access,
    audit: parts.audit,
    observe: measured.observe,
  });

  const ping: Check = { name: 'ping', check: () => {} };
  const shutdown: Check = {
    name: 'shutdown',
    check: () => {
      if (stopping) throw new Error('the server is shutting down');
    },
  };
  const documents: Record<string, Destination> = {
    ...discoveryDocuments(resources, ''),
    ...parts.documents,
    '/version': (context) => sendJson(context, 200, versionDocument(parts.version)),
    '/metrics': async (context) => send(context, 200, Buffer.from(await metrics.text()), metrics.contentType),
  };
  const failed = (path: string, check: string, reason: string) =>
    logger.warn({ path, check, reason }, 'a check failed');
  for (const [path, checks] of [
    ['/livez', [ping, ...parts.live]],
    ['/readyz', [ping, ...parts.ready, shutdown]],
    ['/healthz', [ping, ...parts.live, ...parts.ready.filter(({ readyzOnly }) => readyzOnly !== true)]],
  ] as const) {
    const endpoint = healthEndpoint(path, checks, failed);
    documents[path] = endpoint;
    documents[`${path}/`] = endpoint;
  }
  const paths = ['/', ...Object.keys(documents)].filter((path) => path === '/' || !path.endsWith('/')).sort();
  documents['/'] = (context) => sendJson(context, 200, { paths });

  const route = documentRouter(documents);
  const groupVersions = new Set(resources.map(({ group, version }) => `${group}/${version}`));
  const destination: Destination = async (context) => {
    const { info, res } = context;
    if (!info.isResource) await route(context);
    else if (groupVersions.has(`${info.group}/${info.version}`)) await parts.dispatch(context);
    else await notFound(context);
    if (!res.headersSent && !res.destroyed) throw new Error('the request was not answered');
  };

  const listener = createHttpsListener({
    tls: parts.tls,
    minVersion: parts.minVersion ?? 'TLSv1.2',
    onRequest: createApp((req, res) => {
      // I2: a request that meets the end of its connection would be lost.
      if (stopping) res.setHeader('Connection', 'close');
      return chain(req, res, destination);
    }),
    onUpgrade: createUpgradeListener({
      chain,
      streamOf: writersOnly(resources, authorize, parts.streamOf),
      ordinary: destination,
    }),
    onHandshakeError: measured.tlsHandshakeFailed,
  });

  return {
    start: (port, address) => listener.listen(port, address),
    useTls: (tls) => listener.use(tls),
    async stop() {
      if (stopping) return;
      stopping = true;
      await delay(limits.shutdownDelayMs);
      ending.abort();
      await listener.drain(limits.drainMs);
    },
  };
}

function servedBy(resources: readonly ResourceDefinition[]) {
  const names = new Set<string>();
  for (const { group, version, plural, subresources } of resources) {
    for (const part of ['', ...subresources.map(({ name }) => name)])
      names.add(`${group}/${version}/${plural}/${part}`);
  }
  return (group: string, version: string, resource: string, subresource: string) =>
    names.has(`${group}/${version}/${resource}/${subresource}`);
}
