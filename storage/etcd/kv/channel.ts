import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Members } from '../members.ts';
import type { EtcdOptions } from '../options.ts';

/**
 * gRPC's unary calls over HTTP/2, by the published protocol: one message there, one back, the outcome in the trailers.
 * It does what the general client does for a single call at a third of the time.
 *
 * H1  A call is sent once, on one connection, and settles: with the answer, with etcd's refusal (`3 INVALID_ARGUMENT: …`), or,
 *     when connection or deadline ended it, with an error that says so. Nothing is sent again here.
 * H2  A connection that failed, said goodbye or let a call's time run out gets no new calls; the next call opens one to the
 *     member that is chosen then, and but for a goodbye the old member counts as failed. What is under way may end.
 * H3  Pings go out at intervals; a connection that does not answer one in time is destroyed with all its calls.
 * H4  `close` ends all connections and timers; calls after it fail at once.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #connections = new Set<Connection>();
  #current: Connection | undefined;
  #closed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /**
   * `frame` is the message behind FRAME_HEAD free bytes; `deadline` in milliseconds since 1970. The answer's buffer is the
   * caller's.
   */
  call(path: string, frame: Buffer, deadline: number): Promise<Buffer> {
    if (this.#closed) return Promise.reject(new Error('UNAVAILABLE: the connection to etcd is closed'));
    return this.#connection().call(path, frame, deadline);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  #connection(): Connection {
    if (this.#current?.usable) return this.#current;
    // H2
    const server = this.#options.members.pick();
    const connection = new Connection(server, this.#options, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    this.#current = connection;
    return connection;
  }
}

/** Which member of etcd to talk to, told how it went (storage/etcd/members.ts). */
export type MemberChoice = Pick<Members, 'pick' | 'failed' | 'answered'>;

export type ChannelOptions = Pick<EtcdOptions, 'tls'> & {
  readonly members: MemberChoice;
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
};

/** Bytes before a message: not compressed, and its length. */
export const FRAME_HEAD = 5;

function openSocket(server: string, tls: EtcdOptions['tls']): Socket {
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'http:') return connectTcp({ host, port: Number(port || 80), noDelay: true });
  return connectTls({
    host,
    port: Number(port || 443),
    // An address is no server name; the certificate is checked against it all the same.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['h2'],
    ...(tls === undefined ? {} : { ca: tls.ca, cert: tls.cert, key: tls.key }),
  }).setNoDelay(true);
}

class Connection {
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #members: MemberChoice;
  readonly #onEnd: () => void;
  #answered = false;
  #ended = false;
  readonly #server: string;
  readonly #calls = new Set<Call>();
  readonly #ping: NodeJS.Timeout;
  #pong: NodeJS.Timeout | undefined;
  #retired = false;
  #reason = 'the connection ended';

  constructor(server: string, options: ChannelOptions, onEnd: () => void) {
    const { members, tls, pingEveryMs, pingTimeoutMs } = options;
    this.#members = members;
    this.#server = server;
    this.#socket = openSocket(server, tls);
    this.#session = connect(server, { createConnection: () => this.#socket });
    // A refusal within TLS ends the socket, and the session would wait for ever.
    this.#socket.on('error', (error) => this.#failed(error.message));
    this.#socket.on('close', () => this.#failed('the connection ended'));
    this.#session.on('error', (error) => this.#failed(error.message));
    this.#session.on('goaway', () => this.#retire());
    this.#session.on('close', () => this.#failed('the connection ended'));
    this.#onEnd = onEnd;
    // H3
    this.#ping = setInterval(() => {
      if (this.#session.destroyed || this.#pong !== undefined) return;
      this.#pong = setTimeout(() => this.#failed('it does not answer'), pingTimeoutMs);
      this.#session.ping(() => {
        clearTimeout(this.#pong);
        this.#pong = undefined;
      });
    }, pingEveryMs);
  }

  get usable(): boolean {
    return !this.#retired && !this.#session.closed && !this.#session.destroyed;
  }

  call(path: string, frame: Buffer, deadline: number): Promise<Buffer> {
    frame.writeUInt8(0, 0);
    frame.writeUInt32BE(frame.length - FRAME_HEAD, 1);
    return new Promise((resolve, reject) => {
      let stream: ClientHttp2Stream;
      try {
        stream = this.#session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
      } catch (error) {
        this.#retired = true;
        reject(this.#unavailable(error));
        return;
      }
      const call: Call = new Call(stream, deadline, resolve, reject, {
        over: () => {
          this.#calls.delete(call);
          if (this.#retired) this.#retire();
        },
        answered: () => {
          if (!this.#answered) this.#members.answered(this.#server);
          this.#answered = true;
        },
        late: () => {
          // Once for all calls that are late together.
          if (!this.#retired) this.#members.failed(this.#server);
          this.#retire();
        },
        unavailable: (error) => this.#unavailable(error),
      });
      this.#calls.add(call);
      stream.end(frame);
    });
  }

  close(): void {
    this.#retired = true;
    this.#end('closed');
  }

  /** Not for what was ended on purpose: that is no failure of the member. */
  #failed(reason: string): void {
    if (!this.#retired) this.#members.failed(this.#server);
    this.#retired = true;
    this.#end(reason);
  }

  /** Ends everything at once; the first reason is the one that calls are told. */
  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reason = reason;
    clearInterval(this.#ping);
    clearTimeout(this.#pong);
    for (const call of this.#calls) call.fail(this.#unavailable());
    this.#session.destroy();
    this.#socket.destroy();
    this.#onEnd();
  }

  /** With nothing under way it ends at once: a polite goodbye would wait for a peer that may be frozen. */
  #retire(): void {
    this.#retired = true;
    if (this.#calls.size === 0) this.#end('retired');
  }

  #unavailable(error?: unknown): Error {
    const reason = error instanceof Error ? error.message : this.#reason;
    return new Error(`UNAVAILABLE: etcd at ${this.#server}: ${reason}`);
  }
}

interface CallEvents {
  over(): void;
  answered(): void;
  late(): void;
  unavailable(error?: unknown): Error;
}

/** H1: whatever ends first settles it. */
class Call {
  readonly #stream: ClientHttp2Stream;
  readonly #reject: (error: Error) => void;
  readonly #events: CallEvents;
  readonly #timer: NodeJS.Timeout;
  #settled = false;

  constructor(
    stream: ClientHttp2Stream,
    deadline: number,
    resolve: (message: Buffer) => void,
    reject: (error: Error) => void,
    events: CallEvents,
  ) {
    this.#stream = stream;
    this.#reject = reject;
    this.#events = events;
    this.#timer = setTimeout(
      () => {
        events.late();
        this.fail(new Error('DEADLINE_EXCEEDED: etcd did not answer in time'));
        stream.close(constants.NGHTTP2_CANCEL);
      },
      Math.max(0, deadline - Date.now()),
    );
    const chunks: Buffer[] = [];
    let status: Status | undefined;
    const read = (headers: object): void => {
      status ??= statusOf(headers as Record<string, unknown>);
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (error) => this.fail(events.unavailable(error)));
    stream.on('close', () => {
      if (this.#settled) return;
      const outcome = outcomeOf(status, chunks);
      if (outcome instanceof Error) return this.fail(outcome);
      if (outcome === undefined) return this.fail(events.unavailable());
      if (!this.#settle()) return;
      events.answered();
      resolve(outcome);
    });
  }

  fail(error: Error): void {
    if (!this.#settle()) return;
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#reject(error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#events.over();
    return true;
  }
}

interface Status {
  readonly code: string;
  readonly message: string;
}

/** Undefined while the outcome has not been told: the first headers of a good answer do not have it. */
function statusOf(headers: Record<string, unknown>): Status | undefined {
  const http = headers[':status'];
  if (http !== undefined && http !== 200) return { code: '14', message: `HTTP status ${String(http)}` };
  const code = headers['grpc-status'];
  return code === undefined
    ? undefined
    : { code: String(code), message: unescaped(String(headers['grpc-message'] ?? '')) };
}

/** Names of the codes that the store tells apart (storage/etcd/failures.ts). */
const NAMES: Readonly<Record<string, string>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  11: 'OUT_OF_RANGE',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};

/** The message, etcd's refusal, or undefined when the stream ended before the outcome was told. */
function outcomeOf(status: Status | undefined, chunks: readonly Buffer[]): Buffer | Error | undefined {
  if (status === undefined) return undefined;
  if (status.code !== '0') return new Error(`${status.code} ${NAMES[status.code] ?? 'UNKNOWN'}: ${status.message}`);
  const [only = Buffer.alloc(0)] = chunks;
  const frame = chunks.length === 1 ? only : Buffer.concat(chunks);
  if (frame.length < FRAME_HEAD || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - FRAME_HEAD)
    return new Error('INTERNAL: etcd answered with something else than one message');
  return frame.subarray(FRAME_HEAD);
}

/** The protocol percent-encodes messages. */
function unescaped(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
