import { join } from 'node:path';
import type { FlagValues } from '../../base/flags.ts';
import type { Logger } from '../../base/log.ts';
import { createMetrics } from '../../base/metrics.ts';
import type { Shutdown } from '../../base/shutdown.ts';
import { StoreReplaced } from '../../storage/store.ts';
import { createAuthentication } from '../access/authentication/union.ts';
import type { Reviews } from '../access/reviews.ts';
import { hostAdmission } from '../admission/host-admission.ts';
import type { ServiceRouting } from '../admission/webhooks/service-address.ts';
import { openHostCluster } from '../cluster/host-cluster.ts';
import { openApiDocuments } from '../discovery/openapi.ts';
import { isStored } from '../registry/registry.ts';
import { type Api, createApi } from '../resources/api.ts';
import { createAgentTunnel } from '../streams/agent-tunnel.ts';
import { createLiveReceiver } from '../streams/live.ts';
import { LiveValues } from '../streams/live-values.ts';
import { type Access, clusterAccess, embeddedAccess } from './access.ts';
import { createServer } from './api-server.ts';
import { openAudit } from './audit.ts';
import { certificateAuthentication } from './authentication.ts';
import type { apiserverFlags } from './flags.ts';
import { ensureComponentIdentities, ensureServerIdentities } from './identities.ts';
import { openStore } from './open-store.ts';
import { parsePair } from './pair.ts';
import { storageMetrics, watchMetrics } from './storage-metrics.ts';
import { WatchedFiles } from './watched-files.ts';

export interface RunOptions {
  readonly flags: FlagValues<typeof apiserverFlags>;
  readonly version: string;
  readonly logger: Logger;
  /** Every part that is started is registered here, to be stopped in reverse order. */
  readonly shutdown: Shutdown;
}

const renewEveryMs = 86_400_000;

/** Starts everything; resolves when the server is ready. */
export async function runApiServer({ flags, version, logger, shutdown }: RunOptions): Promise<void> {
  const directory = flags['cert-dir'];
  const bindAddress = flags['bind-address'];
  const identities = await ensureServerIdentities(directory, bindAddress);
  const metrics = createMetrics();
  const cluster = flags.embedded
    ? undefined
    : await openHostCluster({
        kubeconfig: flags.kubeconfig,
        authenticationKubeconfig: flags['authentication-kubeconfig'],
        authorizationKubeconfig: flags['authorization-kubeconfig'],
        version,
        logger,
      });
  if (cluster !== undefined) shutdown.add('host cluster', () => cluster.close());

  // Its rules may ask who may do what, which is known once the API's own cache is there.
  const admission =
    cluster &&
    hostAdmission({
      cluster,
      authorizer: { authorize: (attributes) => access.authorizer.authorize(attributes) },
      routing: serviceRouting(flags['host-service-routing'], flags.kubeconfig),
      metrics,
      logger,
    });
  if (admission !== undefined) shutdown.add('admission', () => admission.close());

  const { store, begin, answers } = await openStore({ flags, metrics, logger, shutdown });

  const live = new LiveValues();
  const certificates = await certificateAuthentication(join(directory, 'ca.crt'), flags, cluster, logger);
  const client = await followPair(
    join(directory, 'apiserver-client.crt'),
    join(directory, 'apiserver-client.key'),
    logger,
  );
  const serving = await followPair(
    flags['tls-cert-file'] ?? join(directory, 'serving.crt'),
    flags['tls-private-key-file'] ?? join(directory, 'serving.key'),
    logger,
  );
  shutdown.add('certificate files', () => {
    for (const files of [certificates, client, serving]) files.close();
  });

  // Rules come from the API's own cache, and the API asks the rules: both are first called when requests are served.
  const reviews = (): Reviews => {
    if (access.reviews === undefined) throw new Error('access reviews are not served behind a host cluster');
    return access.reviews;
  };
  const api: Api = createApi({
    store,
    log: logger,
    embedded: flags.embedded,
    watch: {
      minimumMs: flags['min-request-timeout'] * 1_000,
      historyEvents: flags['default-watch-cache-size'],
      ...watchMetrics(metrics),
    },
    live,
    reviews: {
      selfSubjectAccessReview: (object, user) => reviews().selfSubjectAccessReview(object, user),
      subjectAccessReview: (object) => reviews().subjectAccessReview(object),
      localSubjectAccessReview: (object) => reviews().localSubjectAccessReview(object),
      selfSubjectRulesReview: (object, user) => reviews().selfSubjectRulesReview(object, user),
      selfSubjectReview: (object, user) => reviews().selfSubjectReview(object, user),
    },
    admit: (write) => access.admit(write),
    ...(admission === undefined ? {} : { host: { admission: admission.chain, namespaces: admission.lifecycle } }),
    openStream: createAgentTunnel({
      credentials: () => ({ client: client.value, authority: identities.authority.certificate }),
      host: (node) => api.hostOf(node),
    }),
    receiveLive: createLiveReceiver({ values: live, logger }),
  });
  shutdown.add('resources', () => api.close());
  const parts = { cache: api.cache, flags, logger };
  const access: Access = cluster === undefined ? embeddedAccess(parts) : clusterAccess(parts, cluster);
  shutdown.add('access', () => access.close());
  storageMetrics(metrics, api);

  const tls = () => ({ serving: serving.value, clientAuthorities: certificates.authorities() });
  const audit = await openAudit(flags, metrics, logger);
  if (audit !== undefined) shutdown.add('audit log', () => audit.close());
  let started = false;
  const server = createServer({
    logger,
    metrics,
    version,
    tls: tls(),
    resources: api.definitions,
    dispatch: api.dispatch,
    streamOf: api.streamOf,
    authenticate: createAuthentication({
      authenticators: [...certificates.authenticators, access.tokens],
      anonymous: flags['anonymous-auth'],
      logger,
    }),
    authorizer: access.authorizer,
    audit,
    documents: openApiDocuments(api.definitions, version),
    live: [],
    ready: [
      {
        name: 'etcd',
        check: () => answers(flags['etcd-healthcheck-timeout']),
      },
      {
        name: 'etcd-readiness',
        readyzOnly: true,
        check: () => answers(flags['etcd-readycheck-timeout']),
      },
      {
        name: 'informer-sync',
        readyzOnly: true,
        check() {
          const { readiness } = api.cache;
          fail(!readiness.ready, readiness.ready ? '' : readiness.reason);
          for (const { reason } of admission?.unready ?? []) fail(reason() !== undefined, reason() ?? '');
        },
      },
      ...certificates.ready,
      ...access.ready,
      { name: 'poststarthook/resources', check: () => fail(!started, 'the standing objects are not there yet') },
    ],
    limits: {
      requestTimeoutMs: flags['request-timeout'],
      readOnlyInFlight: flags['max-requests-inflight'],
      mutatingInFlight: flags['max-mutating-requests-inflight'],
      shutdownDelayMs: flags['shutdown-delay-duration'],
      drainMs: flags['request-timeout'],
    },
    minVersion: flags['tls-min-version'] === 'VersionTLS13' ? 'TLSv1.3' : 'TLSv1.2',
  });
  for (const files of [certificates, serving]) files.onChange(() => server.useTls(tls()));

  const { port } = await server.start(flags['secure-port'], bindAddress);
  shutdown.add('https server', () => server.stop());
  const url = `https://${reachable(bindAddress)}:${port}`;
  logger.info({ url, version }, 'listening');

  const renew = async (): Promise<void> => {
    await ensureServerIdentities(directory, bindAddress);
    const kubeconfigDirectory = flags['kubeconfig-dir'];
    const nodeName = flags['node-name'];
    if (kubeconfigDirectory === undefined || !nodeName) return;
    const { authority } = identities;
    await ensureComponentIdentities({
      certificateDirectory: directory,
      kubeconfigDirectory,
      server: url,
      nodeName,
      authority,
    });
  };
  await renew();
  const renewal = setInterval(() => {
    renew().catch((err: unknown) => logger.error({ err }, 'certificates could not be renewed, trying again tomorrow'));
  }, renewEveryMs);
  renewal.unref();
  shutdown.add('certificate renewal', () => clearInterval(renewal));

  try {
    await begin();
    await api.start(shutdown.signal);
  } catch (error) {
    if (!(error instanceof StoreReplaced)) throw error;
    // Discovery goes on, /readyz says why nothing else does, and a person decides; the cache has logged the reason.
    return;
  }
  const namespaced = api.definitions.filter((one) => one.namespaced && isStored(one));
  admission?.emptyGoneNamespaces(namespaced.map(({ group, plural }) => api.registry.store(group, plural)));
  started = true;
  logger.info({ url }, 'ready');
}

function fail(failed: boolean, reason: string): void {
  if (failed) throw new Error(reason);
}

/** Pods have kube-proxy's rules; who comes with a kubeconfig may stand anywhere (docs/decisions/0021-how-a-service-of-the-host-is-reached.md). */
function serviceRouting(given: 'auto' | ServiceRouting, kubeconfig: string | undefined): ServiceRouting {
  if (given !== 'auto') return given;
  return kubeconfig === undefined ? 'cluster-ip' : 'endpoints';
}

/** Where clients of this machine reach a wildcard address. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}

function followPair(certificate: string, key: string, logger: Logger) {
  return WatchedFiles.open([certificate, key], parsePair, logger);
}
