import type { Logger } from '../../base/log.ts';
import { Client } from '../../openapi/client/client.ts';
import type { Connection } from '../../openapi/client/connection.ts';
import { connectInCluster } from '../../openapi/client/in-cluster.ts';
import { Informer, type InformerOptions } from '../../openapi/client/informer.ts';
import { connect } from '../../openapi/client/kubeconfig.ts';
import { type ApiObject, apiVersionOf, type Resource } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';

/**
 * The Kubernetes cluster that this server stands behind. There is none in embedded mode.
 *
 * H1  Nothing here needs the cluster to be reachable at the start: informers go on trying, and what depends on them is
 *     not ready meanwhile.
 * H2  Credentials are read again when they are a minute old, as tokens of pods are replaced while we run.
 * H3  `close` ends every informer that was started here and the connections; it resolves when nothing of them runs.
 */
export interface HostCluster {
  /** get, list, create, update of the cluster's objects; failures are StatusError or ConnectionError. */
  readonly client: Client;
  /** For TokenReviews and what kube-system says of authentication. */
  readonly authentication: Client;
  /** For SubjectAccessReviews. */
  readonly authorization: Client;
  /** A copy of a collection that follows the cluster; runs from now until `close`. */
  follow<T extends ApiObject>(resource: Resource<T>, options?: FollowOptions<T>): Informer<T>;
  /** Whether the cluster serves this resource in this version, by discovery. */
  serves(resource: Resource<ApiObject>): Promise<boolean>;
  close(): Promise<void>;
}

type FollowOptions<T extends ApiObject> = Pick<
  InformerOptions<T>,
  'namespace' | 'labelSelector' | 'fieldSelector' | 'indexers' | 'onListed'
> & {
  /** `client` when absent. */
  readonly as?: Client;
};

export interface HostClusterOptions {
  /** Absent = the service account of the pod that we run in. */
  readonly kubeconfig: string | undefined;
  /** Absent = as `kubeconfig`. */
  readonly authenticationKubeconfig: string | undefined;
  readonly authorizationKubeconfig: string | undefined;
  readonly version: string;
  readonly logger: Logger;
}

/** A question about a user must not take longer than people wait. */
const reviewDeadlineMs = 10_000;

/** Reads the credentials and connects nowhere yet (H1). @throws KubeconfigError */
export async function openHostCluster(options: HostClusterOptions): Promise<HostCluster> {
  const { logger } = options;
  const connections = new Map<string, Connection>();
  const connection = async (path: string | undefined): Promise<Connection> => {
    const known = connections.get(path ?? '');
    if (known !== undefined) return known;
    const made = await (path === undefined ? connectInCluster() : connect({ path }));
    connections.set(path ?? '', made);
    return made;
  };
  const userAgent = `torpor-apiserver/${options.version}`;
  const { kubeconfig } = options;
  const [general, authentication, authorization] = [
    await connection(kubeconfig),
    await connection(options.authenticationKubeconfig ?? kubeconfig),
    await connection(options.authorizationKubeconfig ?? kubeconfig),
  ];
  const client = new Client(general, { userAgent });
  const informers: Informer<never>[] = [];
  logger.info({ server: client.connection.server.origin }, 'behind a Kubernetes cluster');
  return {
    client,
    authentication: new Client(authentication, { userAgent, deadlineMs: reviewDeadlineMs }),
    authorization: new Client(authorization, { userAgent, deadlineMs: reviewDeadlineMs }),
    follow(resource, { as = client, ...which } = {}) {
      const onProblem = (problem: string, err?: unknown) => logger.warn({ err }, `following the cluster: ${problem}`);
      const informer = new Informer(as, resource, { ...which, onProblem });
      informers.push(informer as unknown as Informer<never>);
      informer.start();
      return informer;
    },
    serves: (resource) => serves(client, resource),
    async close() {
      await Promise.all(informers.map((informer) => informer.stop()));
      for (const one of connections.values()) one.close();
    },
  };
}

async function serves(client: Client, resource: Resource<ApiObject>): Promise<boolean> {
  const path = `${resource.group ? '/apis' : '/api'}/${apiVersionOf(resource)}`;
  try {
    const list = JSON.parse((await client.raw(path)).toString('utf8')) as { resources?: { name?: string }[] };
    return list.resources?.some(({ name }) => name === resource.plural) ?? false;
  } catch (error) {
    if (isError(error, 'notFound')) return false;
    throw error;
  }
}
