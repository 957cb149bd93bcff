import { Agent, request } from 'node:https';
import type { KeyPair } from '../../../base/certificates/authority.ts';
import type { FuzzServer } from './server.ts';

/** One request, in such a form that it can be sent again and printed. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | undefined;
}

export interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  /** Milliseconds until it was complete. */
  readonly tookMs: number;
}

/** Undefined: Node refuses to send it, or the server closed the connection without an answer. */
export type Exchange = (sent: Sent) => Promise<Answered | undefined>;

/** A stream is read this long. */
const STREAM_MS = 150;
const LONGEST_MS = 70_000;

export function exchangeAs(server: FuzzServer, pair: KeyPair): { send: Exchange; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const tls = { host: '127.0.0.1', port: server.port, ca: server.ca, cert: pair.certificate, key: pair.key };
  const send: Exchange = (sent) =>
    new Promise((resolve) => {
      const started = performance.now();
      const { method, path, headers, body } = sent;
      try {
        const client = request({ ...tls, agent, method, path, headers: headers as Record<string, string> }, (res) => {
          const chunks: Buffer[] = [];
          const done = (): void => {
            clearTimeout(timer);
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              text: Buffer.concat(chunks).toString('utf8'),
              tookMs: performance.now() - started,
            });
          };
          const streams = /[?&]watch=|\/watch\/|\/log(?:[/?]|$)/.test(path);
          const timer = setTimeout(() => res.destroy(), streams ? STREAM_MS : LONGEST_MS);
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('error', () => undefined);
          res.on('close', done);
        });
        client.on('error', () => resolve(undefined));
        client.on('upgrade', (_res, socket) => {
          socket.destroy();
          resolve(undefined);
        });
        client.end(body);
      } catch {
        resolve(undefined);
      }
    });
  return { send, close: () => agent.destroy() };
}

/** For the person who reads of a failure. */
export function shown({ method, path, headers, body }: Sent): string {
  const text = body?.toString('latin1') ?? '';
  return `${method} ${path} ${JSON.stringify(headers)} ${JSON.stringify(text.slice(0, 300))} (${text.length} bytes)`;
}
