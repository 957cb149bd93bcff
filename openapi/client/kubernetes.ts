import type { RequestOptions } from 'node:https';
import { type Connection, createConnection } from './connection.ts';

/**
 * The only file that knows @kubernetes/client-node, for what the light reader of kubeconfig.ts leaves out: users that log
 * in with a plugin (exec, auth-provider) and impersonation. Loaded on demand: it costs 75 MiB and 0.4 s.
 */
export async function connectWithClientNode(options: {
  readonly path?: string | undefined;
  readonly context?: string | undefined;
}): Promise<Connection> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (options.path) config.loadFromFile(options.path);
  else config.loadFromDefault();
  if (options.context) config.setCurrentContext(options.context);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig has no cluster for its current context');
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  const user = config.getCurrentUser();
  return createConnection({
    server: cluster.server,
    ...(namespace ? { namespace } : {}),
    authorize: async () => {
      const found: RequestOptions & { servername?: string } = {};
      await config.applyToHTTPSOptions(found);
      const { ca, cert, key, rejectUnauthorized, servername, auth } = found;
      const headers = Object.fromEntries(
        Object.entries(found.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
      );
      if (auth && !headers.authorization) headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
      if (user?.impersonateUser) headers['impersonate-user'] = user.impersonateUser;
      return {
        tls: {
          ...(ca ? { ca } : {}),
          ...(cert ? { cert } : {}),
          ...(key ? { key } : {}),
          ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
          ...(servername ? { servername } : {}),
        },
        headers,
      };
    },
  });
}
