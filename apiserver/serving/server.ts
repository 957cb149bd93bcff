/**
 * The https server: connections, their limits and their end.
 *
 * V1  HTTP/1.1 alone is offered: upgrades need it, and Express cannot speak HTTP/2.
 * V2  Client certificates are asked for and never required; who they belong to is found out per request.
 * V3  New certificates are used by new connections; those that are open go on.
 * V4  The end: `drain` lets no new connection in and closes idle ones, waits for ordinary requests, then closes what is
 *     left at the deadline. Watches and streams have been ended by the chain's shutdown signal before.
 */
import { constants } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KeyPair } from '../../base/certificates/authority.ts';

/** Go's limit; Node's 16 KiB would refuse users with many groups behind the front proxy. */
const maxHeaderSize = 1024 * 1024;

export interface TlsMaterial {
  readonly serving: KeyPair;
  /** PEM of all authorities whose client certificates count; clients choose their certificate by this list. */
  readonly clientAuthorities: string;
}

export interface HttpsServerOptions {
  readonly tls: TlsMaterial;
  readonly onRequest: RequestListener;
  readonly onUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly onHandshakeError: () => void;
}

export interface HttpsServer {
  listen(port: number, address: string): Promise<AddressInfo>;
  use(tls: TlsMaterial): void;
  drain(deadlineMs: number): Promise<void>;
}

function contextOf(tls: TlsMaterial) {
  return {
    cert: tls.serving.certificate,
    key: tls.serving.key,
    ca: tls.clientAuthorities,
    minVersion: 'TLSv1.2' as const,
    // A resumed session would not carry the client's intermediate certificates.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

export function createHttpsListener(options: HttpsServerOptions): HttpsServer {
  const server: Server = createHttpsServer(
    {
      ...contextOf(options.tls),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: 10_000,
      maxHeaderSize,
      // Above the 90 s for which kube-aggregator keeps idle connections: it must be the one that closes them.
      keepAliveTimeout: 120_000,
      headersTimeout: 60_000,
      // The chain has its own deadline, which knows long-running requests.
      requestTimeout: 0,
    },
    options.onRequest,
  );
  server.maxHeadersCount = 0;
  server.on('upgrade', options.onUpgrade);
  server.on('tlsClientError', options.onHandshakeError);
  const sockets = new Set<Duplex>();
  server.on('secureConnection', (socket) => {
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
    use: (tls) => server.setSecureContext(contextOf(tls)),
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
