import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { type Connection, requestOptions } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { ConnectionError, readAll, statusErrorOf } from './transport.ts';

/**
 * Connections that leave HTTP: a WebSocket (console, VNC, ports) or a raw stream under a protocol of our own (the
 * agent's live stream). The same credentials as for every request, a fresh socket each; a refusal is the server's
 * StatusError.
 */
export interface UpgradeOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Milliseconds until the server must have switched; 30,000. */
  readonly deadlineMs?: number;
}

export interface WebSocketOptions extends UpgradeOptions {
  /** Offered in this order; the server's choice is `socket.protocol`. */
  readonly protocols?: readonly string[];
  /** The largest message that is accepted, in bytes; 16 MiB. */
  readonly maximumBytes?: number;
}

const DEADLINE_MS = 30_000;
const MAXIMUM_MESSAGE = 16 * 1024 * 1024;
const MAXIMUM_ERROR_BYTES = 1024 * 1024;

/** Resolves with an open WebSocket. `signal` only governs the opening. `path` has the query. */
export async function openWebSocket(
  connection: Connection,
  path: string,
  options: WebSocketOptions = {},
): Promise<WebSocket> {
  const { options: request } = await requestOptions(connection, path);
  options.signal?.throwIfAborted();
  const { protocol, hostname, port, path: fullPath, agent: _, headers, ...tls } = request;
  const host = hostname?.includes(':') ? `[${hostname}]` : hostname;
  const url = `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}:${port}${fullPath}`;
  const socket = new WebSocket(url, [...(options.protocols ?? [])], {
    ...tls,
    headers: { ...(headers as Record<string, string>), ...options.headers },
    perMessageDeflate: false,
    maxPayload: options.maximumBytes ?? MAXIMUM_MESSAGE,
    handshakeTimeout: options.deadlineMs ?? DEADLINE_MS,
    followRedirects: false,
  });
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(options.signal?.reason);
      socket.terminate();
    };
    const settle = () => options.signal?.removeEventListener('abort', abort);
    options.signal?.addEventListener('abort', abort, { once: true });
    socket.once('open', () => {
      settle();
      // The owner of the socket listens for its own errors; until then one must not end the process.
      socket.on('error', () => undefined);
      // Messages may have come together with the answer: none is told before the owner could listen.
      socket.pause();
      setImmediate(() => socket.resume());
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response) => {
      settle();
      readAll(response, MAXIMUM_ERROR_BYTES)
        .then((body) => reject(statusErrorOf(response, body)))
        .catch((error: unknown) => reject(new ConnectionError(connection.server, error)))
        .finally(() => socket.terminate());
    });
    socket.on('error', (error) => {
      settle();
      reject(new ConnectionError(connection.server, error));
    });
  });
}

export interface UpgradedStream {
  readonly socket: Duplex;
  /** What the server sent right behind its answer; read it before the socket. */
  readonly head: Buffer;
}

/** GET with `Upgrade: <protocol>`; resolves when the server has switched. The caller ends the socket. */
export async function openUpgrade(
  connection: Connection,
  path: string,
  protocol: string,
  options: UpgradeOptions = {},
): Promise<UpgradedStream> {
  const { options: request, request: send } = await requestOptions(connection, path);
  options.signal?.throwIfAborted();
  const deadline = startDeadline(options.deadlineMs ?? DEADLINE_MS, options.signal);
  const { signal } = deadline;
  return new Promise((resolve, reject) => {
    const outgoing = send({
      ...request,
      agent: false,
      method: 'GET',
      headers: { ...request.headers, ...options.headers, connection: 'Upgrade', upgrade: protocol },
    });
    const abort = () => {
      deadline.end();
      outgoing.destroy();
      reject(options.signal?.aborted ? options.signal.reason : new ConnectionError(connection.server, signal.reason));
    };
    signal.addEventListener('abort', abort, { once: true });
    const settle = () => deadline.end();
    outgoing.once('upgrade', (response, socket, head) => {
      settle();
      if (response.headers.upgrade?.toLowerCase() !== protocol.toLowerCase()) {
        socket.destroy();
        reject(
          new ConnectionError(
            connection.server,
            new Error(`the server switched to ${response.headers.upgrade}, not ${protocol}`),
          ),
        );
        return;
      }
      socket.on('error', () => undefined);
      resolve({ socket, head });
    });
    outgoing.once('response', (response) => {
      settle();
      readAll(response, MAXIMUM_ERROR_BYTES)
        .then((body) => reject(statusErrorOf(response, body)))
        .catch((error: unknown) => reject(new ConnectionError(connection.server, error)));
    });
    outgoing.on('error', (error) => {
      settle();
      reject(new ConnectionError(connection.server, error));
    });
    outgoing.end();
  });
}
