import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { Status } from '../../openapi/machinery/object.ts';
import { chooseFraming } from './framing.ts';
import type { SerialHub } from './serial-hub.ts';
import { runSession } from './session.ts';

/**
 * What the agent serves, to API servers alone: `GET /machines/<namespace>/<name>/<uid>/console` as a WebSocket.
 *
 * A1  Only a client whose certificate is of our authority and names `torpor:apiserver` gets an answer other than 403.
 * A2  A refusal before the upgrade is a Kubernetes Status that says what to do; the API server passes it on.
 * A3  The machine is found by namespace, name and uid: a name that was used again never reaches the other machine.
 * A4  close() ends the listener and every session.
 */
export interface ConsoleServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Read for each new TLS connection's context at start and by renew(). PEM texts. */
  readonly credentials: () => { readonly cert: string; readonly key: string; readonly ca: string };
  /** The console of a machine of this node that runs; undefined when there is none. */
  readonly console: (machine: MachineAddress) => SerialHub | undefined;
}

export interface MachineAddress {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface ConsoleServer {
  readonly port: number;
  /** Takes renewed credentials for connections to come. */
  renew(): void;
  close(): Promise<void>;
}

const API_SERVER = 'torpor:apiserver';
/** What a client may type in one message, in bytes. */
const LARGEST_MESSAGE = 64 * 1024;

export async function startConsoleServer(options: ConsoleServerOptions): Promise<ConsoleServer> {
  const secure = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
  const server = createServer({ ...secure, ...options.credentials(), ALPNProtocols: ['http/1.1'] }, refusePlain);
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE,
    handleProtocols: (offered) => chooseFraming(offered)?.protocol ?? false,
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    connection.on('error', () => connection.destroy());
    const answer = route(request, options);
    if (answer.kind === 'refused') {
      refuse(connection, answer.code, answer.reason, answer.message);
      return;
    }
    sockets.handleUpgrade(request, connection, head, (socket) => runSession(socket, answer.framing, answer.hub));
  });
  server.on('tlsClientError', (_error, connection) => connection.destroy());
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    renew: () => server.setSecureContext(options.credentials()),
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Route =
  | {
      readonly kind: 'console';
      readonly hub: SerialHub;
      readonly framing: NonNullable<ReturnType<typeof chooseFraming>>;
    }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string; readonly message: string };

function route(request: IncomingMessage, options: ConsoleServerOptions): Route {
  const refused = (code: number, reason: string, message: string): Route => ({
    kind: 'refused',
    code,
    reason,
    message,
  });
  if (!isApiServer(request)) return refused(403, 'Forbidden', `only ${API_SERVER} may talk to this agent`); // A1
  const machine = machineOf(request.url ?? '');
  if (machine === undefined)
    return refused(404, 'NotFound', 'this agent serves /machines/<namespace>/<name>/<uid>/console');
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((item) => item.trim());
  const framing = chooseFraming(offered.filter((item) => item !== ''));
  if (framing === undefined) {
    const message = `none of the WebSocket protocols ${offered.join(', ')} is known here; use plain.kubevirt.io, v5.channel.k8s.io or v4.channel.k8s.io`;
    return refused(400, 'BadRequest', message);
  }
  const hub = options.console(machine);
  if (hub === undefined) {
    const message = `machine ${machine.namespace}/${machine.name} has no console now: it is not running on this node`;
    return refused(409, 'Conflict', message);
  }
  return { kind: 'console', hub, framing };
}

function isApiServer(request: IncomingMessage): boolean {
  const socket = request.socket as TLSSocket;
  return socket.authorized && socket.getPeerCertificate().subject?.CN === API_SERVER;
}

function machineOf(url: string): MachineAddress | undefined {
  const parts = (url.split('?', 1)[0] ?? '').split('/');
  const [, room, namespace, name, uid, stream] = parts;
  if (parts.length !== 6 || room !== 'machines' || stream !== 'console' || !namespace || !name || !uid)
    return undefined;
  try {
    return { namespace: decodeURIComponent(namespace), name: decodeURIComponent(name), uid: decodeURIComponent(uid) };
  } catch {
    return undefined;
  }
}

function refusal(code: number, reason: string, message: string): string {
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code };
  return JSON.stringify(status);
}

/** A2. */
function refuse(connection: Duplex, code: number, reason: string, message: string): void {
  const body = refusal(code, reason, message);
  const head = [
    `HTTP/1.1 ${code} ${reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function refusePlain(request: IncomingMessage, response: ServerResponse): void {
  const [code, reason, message] = isApiServer(request)
    ? ([400, 'BadRequest', 'a console is a WebSocket: send an Upgrade'] as const)
    : ([403, 'Forbidden', `only ${API_SERVER} may talk to this agent`] as const);
  response.writeHead(code, { 'Content-Type': 'application/json', Connection: 'close' });
  response.end(refusal(code, reason, message));
}

function listen(server: Server, { host, port }: ConsoleServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
