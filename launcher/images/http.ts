import http from 'node:http';
import https from 'node:https';
import { ImageError } from './image-error.ts';
import { isLoopback } from './reference.ts';

/**
 * One HTTP exchange with a registry or with what it points to.
 *
 * H1  Plain HTTP only to loopback and to hosts that were declared; never because a server asked for it by a redirect.
 * H2  An Authorization header goes to the host it was made for and to no other.
 * H3  Nothing waits for ever: there is a limit for the answer's head, and one for silence in its body.
 */
export interface HttpTransport {
  readonly allowsPlainHttp: (host: string) => boolean;
  send(request: HttpRequest): Promise<http.IncomingMessage>;
  close(): void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  /** `host` or `host:port` spoken to in plain HTTP, besides loopback. */
  readonly insecureRegistries?: readonly string[];
  /** PEM of further authorities for registries. */
  readonly certificateAuthorities?: readonly string[];
  /** Milliseconds until the head of the answer is there. */
  readonly answerTimeout?: number;
  /** Milliseconds without a byte of the body. */
  readonly idleTimeout?: number;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 5;

export function createTransport(options: TransportOptions = {}): HttpTransport {
  const answerTimeout = options.answerTimeout ?? 10_000;
  const idleTimeout = options.idleTimeout ?? 30_000;
  const declared = new Set((options.insecureRegistries ?? []).map((host) => host.toLowerCase()));
  const allowsPlainHttp = (host: string) => {
    const lower = host.toLowerCase();
    return isLoopback(lower) || declared.has(lower) || declared.has(lower.replace(/:[0-9]+$/, ''));
  };
  const agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: 8 }),
    'https:': new https.Agent({
      keepAlive: true,
      maxSockets: 8,
      ...(options.certificateAuthorities ? { ca: [...options.certificateAuthorities] } : {}),
    }),
  };

  const exchange = (request: HttpRequest, url: URL, headers: Record<string, string>) =>
    new Promise<http.IncomingMessage>((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const outgoing = (secure ? https : http).request(url, {
        method: request.method,
        headers: { 'user-agent': 'torpor', ...headers },
        agent: agents[secure ? 'https:' : 'http:'],
        ...(request.signal ? { signal: request.signal } : {}),
      });
      const giveUp = setTimeout(
        () => outgoing.destroy(new Error(`no answer within ${answerTimeout / 1000} s`)),
        answerTimeout,
      );
      let arrived: http.IncomingMessage | undefined;
      outgoing.on('timeout', () => (arrived ?? outgoing).destroy(new Error(`no data for ${idleTimeout / 1000} s`)));
      outgoing.on('response', (answer) => {
        clearTimeout(giveUp);
        arrived = answer;
        outgoing.setTimeout(idleTimeout); // silence in the body (H3); unlike a timeout of the socket it ends with the request
        resolve(answer);
      });
      outgoing.on('error', (error) => {
        clearTimeout(giveUp);
        reject(request.signal?.aborted ? request.signal.reason : unavailable(url, error));
      });
      sendBody(outgoing, request.body, () => giveUp.refresh());
    });

  return {
    allowsPlainHttp,
    async send(request) {
      let url = request.url;
      let headers: Record<string, string> = { ...request.headers };
      for (let redirects = 0; ; redirects++) {
        requireAllowed(url, allowsPlainHttp); // H1
        const answer = await exchange(request, url, headers);
        const location = answer.headers.location;
        const follows =
          REDIRECTS.has(answer.statusCode ?? 0) && (request.method === 'GET' || request.method === 'HEAD');
        if (!follows || location === undefined) return answer;
        answer.resume();
        if (redirects >= MOST_REDIRECTS) {
          throw new ImageError('RegistryUnavailable', `${url.host} redirects more than ${MOST_REDIRECTS} times`);
        }
        const next = new URL(location, url);
        if (url.protocol === 'https:' && next.protocol === 'http:') {
          throw new ImageError(
            'RegistryUnavailable',
            `${url.host} redirects from https to plain http, which is refused`,
          );
        }
        if (next.host !== url.host) {
          headers = Object.fromEntries(
            Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
          ); // H2
        }
        url = next;
      }
    },
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

function requireAllowed(url: URL, allowsPlainHttp: (host: string) => boolean): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && allowsPlainHttp(url.host))) return;
  throw new ImageError(
    'RegistryUnavailable',
    `${url.protocol}//${url.host} is not spoken to: only https, or http to a registry declared as insecure`,
  );
}

function sendBody(outgoing: http.ClientRequest, body: HttpRequest['body'], progressed: () => void): void {
  if (body === undefined || Buffer.isBuffer(body)) {
    outgoing.end(body);
    return;
  }
  void (async () => {
    try {
      for await (const chunk of body) {
        progressed();
        if (outgoing.destroyed) return;
        if (!outgoing.write(chunk)) await drained(outgoing);
      }
      outgoing.end();
    } catch (error) {
      outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  })();
}

/** Waits until the socket takes more, or is gone (the request's own error tells why). */
function drained(outgoing: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.once('drain', done);
    outgoing.once('close', done);
  });
}

/** A failed connection in words that tell a wrong name from a registry that is down. */
export function unavailable(url: URL, error: unknown): ImageError {
  if (error instanceof ImageError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : String(error);
  if (/CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO/.test(code)) {
    return new ImageError('RegistryUnavailable', `the certificate of registry ${url.host} is not trusted (${text})`, {
      cause: error,
    });
  }
  const advice =
    code === 'ENOTFOUND'
      ? 'its name does not resolve: check the image name'
      : code === 'ECONNREFUSED'
        ? 'it refuses connections: check that it runs'
        : text;
  return new ImageError('RegistryUnavailable', `registry ${url.host} cannot be reached: ${advice}`, {
    transient: true,
    cause: error,
  });
}

/** Reads a small body whole. @throws ImageError InvalidImage above `limit` bytes. */
export async function readBody(answer: http.IncomingMessage, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) {
      answer.destroy();
      throw new ImageError('InvalidImage', `${what} is larger than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
