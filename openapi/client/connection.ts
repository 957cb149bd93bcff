import http from 'node:http';
import https from 'node:https';
import type { TLSSocketOptions } from 'node:tls';

/** How to reach an API server and who we are there. Made by kubeconfig.ts or kubernetes.ts, used by everything else here. */
export interface Connection {
  /** May have a path of its own in front of /apis. */
  readonly server: URL;
  /** The namespace of the kubeconfig's context; 'default' when it names none. */
  readonly namespace: string;
  /** TLS options, headers and agent for the next request. Asked each time because credentials are renewed. */
  authorize(): Promise<Authorization>;
  /** Ends idle connections. Running requests end by their own signals. */
  close(): void;
}

export interface Authorization {
  readonly tls: Pick<TLSSocketOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized'> & { readonly servername?: string };
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConnectionOptions {
  readonly server: string;
  readonly namespace?: string;
  authorize(): Promise<Authorization> | Authorization;
}

/** The agents of a connection: sockets are kept for the next request and end after a minute of rest. */
const agents = new WeakMap<Connection, http.Agent | https.Agent>();

export function createConnection(options: ConnectionOptions): Connection {
  const server = new URL(options.server);
  if (server.protocol !== 'https:' && server.protocol !== 'http:') {
    throw new Error(`the server address ${options.server} must start with https:// or http://`);
  }
  const settings = { keepAlive: true, keepAliveMsecs: 15_000, maxFreeSockets: 8, scheduling: 'lifo' } as const;
  const agent = server.protocol === 'https:' ? new https.Agent(settings) : new http.Agent(settings);
  const connection: Connection = {
    server,
    namespace: options.namespace || 'default',
    authorize: async () => options.authorize(),
    close: () => agent.destroy(),
  };
  agents.set(connection, agent);
  return connection;
}

/** Options for http(s).request and for ws, and the module that belongs to the server's scheme. */
export async function requestOptions(
  connection: Connection,
  path: string,
): Promise<{ options: https.RequestOptions; request: typeof https.request }> {
  const { tls, headers } = await connection.authorize();
  const { server } = connection;
  const options: https.RequestOptions = {
    protocol: server.protocol,
    hostname: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port || (server.protocol === 'https:' ? 443 : 80),
    path: `${server.pathname.replace(/\/$/, '')}${path}`,
    agent: agents.get(connection),
    headers: { ...headers },
    ...tls,
  };
  return { options, request: server.protocol === 'https:' ? https.request : http.request };
}
