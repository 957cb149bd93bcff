/**
 * The https server: connections, their limits and their end.
 *
 * V1  HTTP/1.1 alone is offered: upgrades need it, and Express cannot speak HTTP/2.
 * V2  Client certificates are asked for and never required; who they belong to is found out per request.
 * V3  New certificates are used by new connections; those that are open go on.
 * V4  The end: `drain` lets no new connection in and closes idle ones, waits for ordinary requests, then closes what is
 *     left at the deadline. Watches and streams have been ended by the chain's shutdown signal before.
 * V5  Who speaks plain HTTP is answered 400 with the reason, in plain HTTP.
 */
import { constants } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KeyPair } from '../../base/certificates/authority.ts';

/** Go's limit; Node's 16 KiB would refuse users with many groups behind the front proxy. */
const maxHeaderSize = 1024 * 1024;

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsMaterial {
  readonly serving: KeyPair;
  /** PEM of all authorities whose client certificates count; clients choose their certificate by this list. */
  readonly clientAuthorities: string;
}

export interface HttpsServerOptions {
  readonly tls: TlsMaterial;
  readonly minVersion: TlsVersion;
  readonly onRequest: RequestListener;
  readonly onUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly onHandshakeError: () => void;
}

export interface HttpsServer {
  listen(port: number, address: string): Promise<AddressInfo>;
  use(tls: TlsMaterial): void;
  drain(deadlineMs: number): Promise<void>;
}

function contextOf(tls: TlsMaterial, minVersion: TlsVersion) {
  return {
    cert: tls.serving.certificate,
    key: tls.serving.key,
    ca: tls.clientAuthorities,
    minVersion,
    // A resumed session would not carry the client's intermediate certificates.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** As Go's servers answer it. */
const plainRefusal = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

export function createHttpsListener(options: HttpsServerOptions): HttpsServer {
  const { minVersion } = options;
  const server: Server = createHttpsServer(
    {
      ...contextOf(options.tls, minVersion),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: 10_000,
      maxHeaderSize,
      // Above the 90 s for which kube-aggregator keeps idle connections: it must be the one that closes them.
      keepAliveTimeout: 120_000,
      headersTimeout: 32_000,
      // The chain has its own deadline, which knows long-running requests.
      requestTimeout: 0,
    },
    options.onRequest,
  );
  server.maxHeadersCount = 0;
  server.on('upgrade', options.onUpgrade);
  // V5: below the TLS socket that fails, the connection itself can still be written to.
  const shakingHands = new Map<string, Socket>();
  server.on('connection', (connection: Socket) => {
    const peer = peerOf(connection);
    shakingHands.set(peer, connection);
    connection.once('close', () => shakingHands.delete(peer));
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    options.onHandshakeError();
    if (error.code === 'ERR_SSL_HTTP_REQUEST') shakingHands.get(peerOf(socket))?.end(plainRefusal);
  });
  const sockets = new Set<Duplex>();
  server.on('secureConnection', (socket) => {
    shakingHands.delete(peerOf(socket));
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    listen: (port, address) =>
      new Promise((resolve, reject) => {
        const onError = (cause: Error): void => {
          const where = `${address} port ${port}`;
          const what = 'choose another with --bind-address and --secure-port, or end what listens there';
          reject(new Error(`cannot listen on ${where}: ${cause.message}; ${what}`, { cause }));
        };
        server.once('error', onError);
        server.listen(port, address, () => {
          server.off('error', onError);
          resolve(server.address() as AddressInfo);
        });
      }),
    use: (tls) => server.setSecureContext(contextOf(tls, minVersion)),
    async drain(deadlineMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // Connections that become idle from now on are closed by their answer's end; upgraded ones are not counted by it.
      const sweep = setInterval(() => server.closeIdleConnections(), 100);
      const deadline = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, deadlineMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}
