import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { startDeadline } from '../../../openapi/client/deadline.ts';
import { readAll } from '../../../openapi/client/transport.ts';
import { readJson } from '../../../openapi/machinery/json.ts';
import type { WebhookClientConfig } from '../kinds.ts';
import type { AdmissionReview } from './review.ts';
import type { ServiceAddresses, ServiceReference } from './service-address.ts';

/**
 * One POST of a review to a webhook.
 *
 * P1  It ends by its answer, by `timeoutMs`, or with the request that it is made for.
 * P2  The webhook's certificate is verified against its caBundle alone, or against the well-known authorities when it
 *     has none; for a Service the name is <name>.<namespace>.svc, wherever it is reached.
 * P3  No redirect is followed, and none of the client's credentials is sent.
 * P4  An answer has at most 3 MiB, and its JSON keeps to the rules of every body.
 */
export interface WebhookCaller {
  /** The parsed answer. @throws CallFailed, or what ended the request. */
  call(target: WebhookClientConfig, review: AdmissionReview, timeoutMs: number, signal: AbortSignal): Promise<unknown>;
  /** Ends idle connections. */
  close(): void;
}

/** The webhook could not be asked, or its answer could not be read. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  /** The HTTP status, 0 when there was none. */
  readonly code: number;
  constructor(message: string, code = 0) {
    super(message);
    this.code = code;
  }
}

const MAXIMUM_ANSWER = 3 * 1024 * 1024;
const SHOWN_OF_A_FAILURE = 256;

interface Destination {
  readonly url: URL;
  readonly service: ServiceReference | undefined;
}

export function createWebhookCaller(services: Pick<ServiceAddresses, 'resolve' | 'forget'>): WebhookCaller {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16, scheduling: 'lifo' });
  return {
    close: () => agent.destroy(),
    async call(target, review, timeoutMs, signal) {
      const { url, service } = destinationOf(target);
      const deadline = startDeadline(timeoutMs, signal);
      url.searchParams.set('timeout', `${timeoutMs / 1000}s`);
      try {
        const address = service && (await before(deadline.signal, services.resolve(service)));
        const body = Buffer.from(JSON.stringify(review));
        const options: RequestOptions = {
          agent,
          method: 'POST',
          host: address?.host ?? url.hostname.replace(/^\[|\]$/g, ''),
          port: address?.port ?? (url.port || 443),
          path: `${url.pathname}${url.search}`,
          headers: {
            host: url.host,
            accept: 'application/json',
            'content-type': 'application/json',
            'content-length': body.length,
            'user-agent': 'torpor-apiserver-admission',
          },
          // P2
          ...(service === undefined ? {} : { servername: url.hostname }),
          ...(target.caBundle ? { ca: Buffer.from(target.caBundle, 'base64') } : {}),
          minVersion: 'TLSv1.2',
          signal: deadline.signal,
        };
        return await exchange(options, body);
      } catch (error) {
        // P1: a client that went away is no failure of the webhook.
        signal.throwIfAborted();
        if (service !== undefined) services.forget(service);
        const reason = deadline.expired ? `no answer within ${timeoutMs / 1000} s` : (error as Error).message;
        throw new CallFailed(
          `failed to call webhook: Post ${JSON.stringify(url.href)}: ${reason}`,
          error instanceof CallFailed ? error.code : 0,
        );
      } finally {
        deadline.end();
      }
    },
  };
}

/** What `work` comes to, unless the signal is earlier. */
function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function destinationOf({ url, service }: WebhookClientConfig): Destination {
  if (service === undefined) {
    if (url === undefined || !URL.canParse(url)) throw new CallFailed(`its url ${JSON.stringify(url ?? '')} is none`);
    return { url: new URL(url), service: undefined };
  }
  const { namespace, name, path = '', port = 443 } = service;
  const shown = port === 443 ? '' : `:${port}`;
  return {
    url: new URL(`https://${name}.${namespace}.svc${shown}${path.startsWith('/') ? '' : '/'}${path}`),
    service: { namespace, name, port },
  };
}

async function exchange(options: RequestOptions, body: Buffer): Promise<unknown> {
  const response = await post(options, body);
  const status = response.statusCode ?? 0;
  const bytes = await readAll(response, MAXIMUM_ANSWER);
  // P3
  if (status < 200 || status >= 300) {
    const text = bytes.toString('utf8').trim().slice(0, SHOWN_OF_A_FAILURE);
    throw new CallFailed(`the webhook answered HTTP ${status}${text === '' ? '' : `: ${text}`}`, status);
  }
  return readJson(bytes).value;
}

function post(options: RequestOptions, body: Buffer, again = true): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options, resolve);
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The webhook closed an idle connection in the moment in which it was used again.
      if (again && outgoing.reusedSocket && error.code === 'ECONNRESET') resolve(post(options, body, false));
      else reject(error);
    });
    outgoing.end(body);
  });
}
