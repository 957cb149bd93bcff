import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, createConnection } from './connection.ts';
import { authorizer, KubeconfigError } from './kubeconfig.ts';

/** Where the kubelet puts the credentials of a pod's service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Holds token, ca.crt and namespace. */
  readonly directory?: string;
}

/** True in a pod: Kubernetes tells every container where the API server is. */
export function isInCluster(environment: InClusterOptions['environment'] = process.env): boolean {
  return Boolean(environment.KUBERNETES_SERVICE_HOST && environment.KUBERNETES_SERVICE_PORT);
}

/**
 * Connects as the service account of the pod that we run in. The kubelet replaces the token long before it ends; the
 * files are read again when they are a minute old, as those that a kubeconfig names.
 *
 * @throws KubeconfigError outside of a pod, and when the pod has no service account.
 */
export async function connectInCluster(options: InClusterOptions = {}): Promise<Connection> {
  const { environment = process.env, directory = SERVICE_ACCOUNT } = options;
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = environment;
  if (!isInCluster(environment)) {
    throw new KubeconfigError('this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  }
  const cluster = { value: { 'certificate-authority': 'ca.crt' }, directory };
  const authorize = authorizer(cluster, { value: { tokenFile: 'token' }, directory });
  // A pod without a service account is told now, and not by every request.
  await authorize();
  const namespace = await readFile(join(directory, 'namespace'), 'utf8').catch(() => '');
  return createConnection({
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(namespace.trim() ? { namespace: namespace.trim() } : {}),
    authorize,
  });
}
