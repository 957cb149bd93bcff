import type { IncomingMessage } from 'node:http';
import { errorOfResponse, StatusError } from '../machinery/errors.ts';
import type { Status } from '../machinery/object.ts';
import { type Connection, requestOptions } from './connection.ts';
import { startDeadline } from './deadline.ts';

/**
 * One HTTP request to the API server.
 *
 * T1 Every request ends: by its answer, its deadline or its signal.
 * T2 A failure is a StatusError when the server said so and a ConnectionError when it could not be asked.
 * T3 An answer has at most `maximumBytes` bytes; more is an error and not memory.
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** ECONNREFUSED, ETIMEDOUT, a TLS code, … */
  readonly code: string;
  constructor(server: URL, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`cannot reach the API server at ${server.origin}: ${reason}`, { cause });
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  }
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole request. */
  readonly deadlineMs: number;
  readonly maximumBytes?: number;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const MAXIMUM_BYTES = 256 * 1024 * 1024;
const MAXIMUM_ERROR_BYTES = 1024 * 1024;

/** Throws StatusError for every answer of 300 and above (T2). */
export async function send(connection: Connection, request: ApiRequest): Promise<ApiResponse> {
  const deadline = startDeadline(request.deadlineMs, request.signal);
  try {
    const response = await open(connection, request, deadline.signal);
    const failed = (response.statusCode ?? 500) >= 300;
    const body = await readAll(response, failed ? MAXIMUM_ERROR_BYTES : (request.maximumBytes ?? MAXIMUM_BYTES));
    if (failed) throw statusErrorOf(response, body);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  } catch (error) {
    if (error instanceof StatusError) throw error;
    request.signal?.throwIfAborted();
    throw new ConnectionError(connection.server, deadline.expired ? deadline.signal.reason : error);
  } finally {
    deadline.end();
  }
}

/** Sends and resolves with the head of the answer; the caller reads the body or destroys it. `signal` ends both. */
export async function open(
  connection: Connection,
  { method, path, body, headers }: Omit<ApiRequest, 'deadlineMs'>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const { options, request } = await requestOptions(connection, path);
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...options,
      method,
      signal,
      headers: {
        accept: 'application/json',
        ...options.headers,
        ...(payload ? { 'content-type': 'application/json', 'content-length': payload.length } : {}),
        ...headers,
      },
    });
    outgoing.on('response', resolve);
    // Stays for the life of the request: a late error of a request that was answered belongs to the answer's reader.
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

export async function readAll(response: IncomingMessage, maximumBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maximumBytes) {
      response.destroy();
      throw new Error(`the answer is larger than ${maximumBytes} bytes`);
    }
    chunks.push(chunk);
  }
  if (!response.complete) throw Object.assign(new Error('the answer was cut off'), { code: 'ECONNRESET' });
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** A Status from the body, or one made of what came instead (a proxy's HTML, plain text). */
export function statusErrorOf(response: Pick<IncomingMessage, 'statusCode' | 'headers'>, body: Buffer): StatusError {
  const code = response.statusCode ?? 500;
  const header = response.headers['retry-after'];
  const seconds = header && /^[0-9]{1,6}$/.test(header) ? Number(header) : undefined;
  const text = body.toString('utf8');
  const status = readStatus(text);
  if (!status) return errorOfResponse(code, text, seconds);
  const details =
    status.details?.retryAfterSeconds || seconds === undefined
      ? status.details
      : { ...status.details, retryAfterSeconds: seconds };
  return new StatusError({ ...status, code: status.code ?? code, ...(details ? { details } : {}) });
}

function readStatus(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Status>;
    return value.kind === 'Status' ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}
