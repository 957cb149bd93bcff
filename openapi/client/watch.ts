import { errorOfResponse, StatusError } from '../machinery/errors.ts';
import type { Status } from '../machinery/object.ts';
import { type Client, withQuery } from './client.ts';
import { startDeadline } from './deadline.ts';
import { LineReader } from './line-reader.ts';
import { type ApiObject, pathOf, type Resource } from './resources.ts';
import { ConnectionError, open, readAll, statusErrorOf } from './transport.ts';

/**
 * One watch request.
 *
 * W1 Events are handed over in order, each once, on the stack of the bytes that completed it; nothing is queued here.
 * W2 The watch always ends: by the server's timeout, by an error, by its signal, or because nothing (not even a
 *    bookmark) came for `idleMs`. A half-open connection therefore cannot keep it silent.
 * W3 A line that was cut off is no event: it ends the watch as 'failed'.
 * W4 When the outcome is known, the connection is closed and the handler is not called again.
 */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export type WatchOutcome =
  /** The server ended it in order: watch again from the last revision. */
  | { readonly kind: 'ended' }
  /** The revision is too old: list again. */
  | { readonly kind: 'expired'; readonly message: string }
  /** Nothing came for too long. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'failed'; readonly error: StatusError | ConnectionError };

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion: string;
  /** When the server is to end the watch, in seconds; 300 to 600 by chance, so that reconnects spread. */
  readonly timeoutSeconds?: number;
  /** Milliseconds without a byte after which the watch is given up; 150,000: two bookmarks and a half. */
  readonly idleMs?: number;
  /** Milliseconds for the head of the answer; 30,000. */
  readonly deadlineMs?: number;
  readonly signal: AbortSignal;
}

const MAXIMUM_LINE = 16 * 1024 * 1024;

/** Resolves with how it ended (W2); rejects only with the signal's reason, and with what `onEvent` throws. */
export async function watch<T extends ApiObject>(
  client: Client,
  resource: Resource<T>,
  options: WatchOptions,
  onEvent: (event: WatchEvent<T>) => void,
): Promise<WatchOutcome> {
  const { signal, idleMs = 150_000, deadlineMs = 30_000 } = options;
  signal.throwIfAborted();
  // The head must come within deadlineMs, and after it something every idleMs (W2).
  const head = startDeadline(deadlineMs, signal);
  let idle: NodeJS.Timeout | undefined;
  let silent = false;
  let fault: { readonly error: unknown } | undefined;
  try {
    const response = await open(client.connection, request(client, resource, options), head.signal);
    if (response.statusCode !== 200) return refusal(statusErrorOf(response, await readAll(response, 1024 * 1024)));
    head.arrived();
    idle = setTimeout(() => {
      silent = true;
      head.abort();
    }, idleMs);
    const reader = new LineReader(MAXIMUM_LINE);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      idle.refresh();
      for (const line of reader.push(chunk)) {
        const event = readEvent<T>(line);
        if (event.type === 'ERROR') return refusal(event.error);
        try {
          onEvent(event);
        } catch (error) {
          fault = { error };
          throw error;
        }
      }
    }
    if (!response.complete || reader.pending > 0) throw new Error('the stream was cut off');
    return { kind: 'ended' };
  } catch (error) {
    if (fault) throw fault.error;
    signal.throwIfAborted();
    if (silent || head.expired) return { kind: 'silent' };
    if (error instanceof StatusError) return { kind: 'failed', error };
    return { kind: 'failed', error: new ConnectionError(client.connection.server, error) };
  } finally {
    clearTimeout(idle);
    head.end();
    // W4: also ends a body that was not read to its end.
    head.abort();
  }
}

function request(client: Client, resource: Resource<ApiObject>, options: WatchOptions) {
  const { namespace, labelSelector, fieldSelector, resourceVersion } = options;
  const timeoutSeconds = options.timeoutSeconds ?? 300 + Math.floor(Math.random() * 300);
  const path = withQuery(pathOf(resource, { namespace }), {
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion,
    timeoutSeconds,
    labelSelector,
    fieldSelector,
  });
  return { method: 'GET', path, headers: { 'user-agent': client.userAgent } } as const;
}

function refusal(error: StatusError): WatchOutcome {
  return error.code === 410 ? { kind: 'expired', message: error.message } : { kind: 'failed', error };
}

type Line<T> = WatchEvent<T> | { readonly type: 'ERROR'; readonly error: StatusError };

function readEvent<T extends ApiObject>(line: string): Line<T> {
  const { type, object } = JSON.parse(line) as { type?: unknown; object?: unknown };
  if (typeof object !== 'object' || object === null) throw new Error('a watch event has no object');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: object as T };
    case 'BOOKMARK':
      return { type, resourceVersion: (object as T).metadata?.resourceVersion ?? '' };
    case 'ERROR': {
      const status = object as Partial<Status>;
      const error =
        status.kind === 'Status'
          ? new StatusError({ ...(status as Status), code: status.code ?? 500 })
          : errorOfResponse(500, line);
      return { type, error };
    }
    default:
      throw new Error(`unknown watch event type ${JSON.stringify(type)}`);
  }
}
