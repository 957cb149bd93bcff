import { connect, type Socket } from 'node:net';
import { sleep } from '../../base/backoff.ts';

/**
 * QEMU's monitor protocol over a Unix socket.
 *
 * Q1  open resolves after greeting and qmp_capabilities, or rejects at its deadline; nothing is left open then.
 * Q2  Each reply is matched to its command by id; a reply without a waiting command is dropped.
 * Q3  Each command has a deadline. A command that missed it rejects; its late reply is dropped by Q2.
 * Q4  When the connection ends, by either side, every waiting command rejects, `closed` resolves once, and every later
 *     command rejects at once. Nothing waits forever.
 * Q5  Events are handed to the listener in the order in which QEMU sent them, before any reply that QEMU sent later.
 * Q6  A line longer than 16 MiB, or one that is no JSON object, ends the connection: the peer is not QEMU.
 */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export class QmpError extends Error {
  override readonly name = 'QmpError';
  /** QEMU's error class (GenericError, DeviceNotFound, …), or 'Closed' or 'Timeout' when the monitor did not answer. */
  readonly errorClass: string;
  constructor(errorClass: string, message: string) {
    super(message);
    this.errorClass = errorClass;
  }
}

export interface QmpOptions {
  /** Milliseconds for connect, greeting and capabilities together; 10 s when absent. */
  readonly openMs?: number;
  /** Milliseconds for a command that names no deadline of its own; 10 s when absent. */
  readonly commandMs?: number;
  readonly onEvent?: (event: QmpEvent) => void;
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: QmpError) => void;
  readonly timer: NodeJS.Timeout;
}

const LONGEST_LINE = 16 * 1024 * 1024;

export class Qmp {
  readonly #socket: Socket;
  readonly #commandMs: number;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #greeted: Promise<void>;
  #greet: () => void = () => {};
  #lastId = 0;
  #chunks: string[] = [];
  #buffered = 0;
  #end: QmpError | undefined;
  /** Resolves when the connection has ended (Q4). */
  readonly closed: Promise<void>;

  private constructor(socket: Socket, options: QmpOptions) {
    this.#socket = socket;
    this.#commandMs = options.commandMs ?? 10_000;
    this.#onEvent = options.onEvent ?? (() => {});
    this.#greeted = new Promise((resolve) => {
      this.#greet = resolve;
    });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (error) =>
      this.#finish(new QmpError('Closed', `the monitor connection failed: ${error.message}`)),
    );
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#finish(new QmpError('Closed', 'QEMU has closed the monitor connection'));
        resolve();
      });
    });
  }

  /** Connects to the monitor at `path` (Q1). A socket that nobody listens on yet is tried again until the deadline. */
  static async open(path: string, options: QmpOptions = {}): Promise<Qmp> {
    const deadline = performance.now() + (options.openMs ?? 10_000);
    for (;;) {
      options.signal?.throwIfAborted();
      const socket = await connectOnce(path);
      if (socket instanceof Error) {
        if (performance.now() >= deadline) throw new QmpError('Timeout', `no monitor at ${path}: ${socket.message}`);
        await sleep(5, options.signal);
        continue;
      }
      const qmp = new Qmp(socket, options);
      try {
        await qmp.#handshake(Math.max(1, deadline - performance.now()), path, options.signal);
        return qmp;
      } catch (error) {
        qmp.close();
        throw error;
      }
    }
  }

  /** The signal counts here too: a connection that waits in the queue of a QEMU that died is neither greeted nor closed. */
  async #handshake(ms: number, path: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const late = new AbortController();
    const giveUp = () => late.abort();
    signal?.addEventListener('abort', giveUp, { once: true });
    const timeout = sleep(ms, late.signal).then(
      () => 'late' as const,
      () => 'late' as const,
    );
    const first = await Promise.race([
      this.#greeted.then(() => 'greeted' as const),
      this.closed.then(() => 'closed' as const),
      timeout,
    ]);
    late.abort();
    signal?.removeEventListener('abort', giveUp);
    signal?.throwIfAborted();
    switch (first) {
      case 'greeted':
        break;
      case 'closed':
        throw this.#end ?? new QmpError('Closed', `the monitor at ${path} closed before it greeted`);
      case 'late':
        throw new QmpError('Timeout', `the monitor at ${path} did not greet within ${Math.round(ms)} ms`);
    }
    await this.command('qmp_capabilities', {}, ms);
  }

  /** Runs one command and resolves with what QEMU returns; rejects with a QmpError (Q3, Q4). */
  command<T = unknown>(execute: string, args: Readonly<Record<string, unknown>> = {}, deadlineMs?: number): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const ms = deadlineMs ?? this.#commandMs;
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new QmpError('Timeout', `QEMU did not answer ${execute} within ${Math.round(ms)} ms`));
      }, ms);
      this.#waiting.set(id, { command: execute, resolve: resolve as (value: unknown) => void, reject, timer });
      this.#socket.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
    });
  }

  close(): void {
    this.#finish(new QmpError('Closed', 'the monitor connection was closed on our side'));
    this.#socket.destroy();
  }

  #finish(error: QmpError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }

  #receive(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#chunks.push(text.slice(start, end));
      const line = this.#chunks.join('');
      this.#chunks = [];
      this.#buffered = 0;
      start = end + 1;
      if (line.trim() !== '') this.#message(line);
      if (this.#end !== undefined) return;
    }
    this.#chunks.push(text.slice(start));
    this.#buffered += text.length - start;
    if (this.#buffered > LONGEST_LINE) this.#refuse('sent a line longer than 16 MiB');
  }

  #refuse(what: string): void {
    this.#finish(new QmpError('Closed', `the peer on the monitor socket ${what}: it is not QEMU`));
    this.#socket.destroy();
  }

  #message(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse('sent no JSON');
      return;
    }
    if (typeof message !== 'object' || message === null) {
      this.#refuse('sent no object');
      return;
    }
    if ('QMP' in message) {
      this.#greet();
      return;
    }
    if ('event' in message) {
      const { event, data } = message as { event: string; data?: Record<string, unknown> };
      this.#onEvent({ event, data: data ?? {} });
      return;
    }
    const { id, error } = message as { id?: number; error?: { class: string; desc: string } };
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error !== undefined)
      waiting.reject(new QmpError(error.class, `QEMU refused ${waiting.command}: ${error.desc}`));
    else waiting.resolve((message as { return?: unknown }).return);
  }
}

function connectOnce(path: string): Promise<Socket | Error> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', resolve);
    socket.once('connect', () => {
      socket.off('error', resolve);
      resolve(socket);
    });
  });
}
