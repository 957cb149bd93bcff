import type { WebSocket } from 'ws';
import { Backoff } from '../base/backoff.ts';
import { StatusError } from '../openapi/machinery/errors.ts';
import { type Framing, framingOf } from './channels.ts';
import type { Terminal } from './terminal.ts';

/**
 * One person's console on one machine, over as many connections as it takes.
 *
 * C1  Ctrl-] leaves, in every state: connected, connecting, waiting to try again. What was typed before it in the same
 *     chunk is sent first.
 * C2  A lost connection is opened again, with growing pauses, as long as the machine may come back: it is not running
 *     yet, its node or the API server does not answer. What will not change by waiting (no such machine, not allowed)
 *     ends the session with the server's words. While nothing answers for `timeoutMs` in a row, it ends too.
 * C3  What is typed while there is no connection is dropped: nobody wants old keys to arrive at a new login.
 * C4  The size of the window is sent after each connect and whenever it changes.
 * C5  A slow terminal stops the machine's output, a slow machine stops the keyboard; nothing piles up.
 * C6  A connection that answers no ping for `silenceMs` counts as lost.
 */
export interface ConsoleOptions {
  readonly terminal: Terminal;
  /** Opens one connection; rejects with StatusError or another error. */
  readonly open: (signal: AbortSignal) => Promise<WebSocket>;
  /** For messages, for example `default/web`. */
  readonly machine: string;
  readonly timeoutMs: number;
  readonly silenceMs: number;
  /** Ends the session from outside (signals). */
  readonly signal: AbortSignal;
}

export type ConsoleEnd =
  | { readonly kind: 'left' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly error: unknown };

type ConnectionEnd = { readonly kind: 'left' } | { readonly kind: 'lost'; readonly why: string };

const ESCAPE = 0x1d;
const HIGH_WATER = 64 * 1024;
/** Codes of refusals that waiting does not cure. */
const LASTING = new Set([400, 401, 403, 404, 405, 422]);

export async function runConsole(options: ConsoleOptions): Promise<ConsoleEnd> {
  const { terminal, machine } = options;
  const leave = new AbortController();
  const signal = AbortSignal.any([leave.signal, options.signal]);
  const backoff = new Backoff({ initialMs: 250, maxMs: 5000 });
  let connection: Connected | undefined;
  terminal.onInput((bytes) => {
    const end = bytes.indexOf(ESCAPE);
    const typed = end < 0 ? bytes : bytes.subarray(0, end);
    if (typed.length > 0) connection?.send(typed);
    if (end >= 0) leave.abort();
  });
  terminal.onResize((size) => connection?.resize(size));

  let lastWord = '';
  const say = (text: string): void => {
    // The same trouble is told once, not at every attempt.
    if (text !== lastWord) terminal.note(text);
    lastWord = text;
  };
  let failingSince = performance.now();
  try {
    for (;;) {
      let why: string;
      try {
        const socket = await options.open(signal);
        connection = new Connected(socket, terminal, options.silenceMs);
        say(`Connected to ${machine}. Leave with Ctrl-].`);
        const openedAt = performance.now();
        const end = await connection.ended(signal);
        if (end.kind === 'left') return whoLeft(leave.signal);
        why = end.why;
        // A connection that broke at once proves nothing; only one that held starts the clock and the pauses anew.
        if (performance.now() - openedAt > 1000) backoff.reset();
        failingSince = performance.now();
      } catch (error) {
        if (signal.aborted) return whoLeft(leave.signal);
        if (error instanceof StatusError && LASTING.has(error.code)) return { kind: 'failed', error };
        if (performance.now() - failingSince > options.timeoutMs) return { kind: 'failed', error };
        why = error instanceof Error ? error.message : String(error);
      } finally {
        connection = undefined;
      }
      say(`${why} (trying again; leave with Ctrl-])`);
      await backoff.wait(signal).catch(() => {});
      if (signal.aborted) return whoLeft(leave.signal);
    }
  } finally {
    terminal.restore();
  }
}

function whoLeft(leave: AbortSignal): ConsoleEnd {
  return leave.aborted ? { kind: 'left' } : { kind: 'interrupted' };
}

/** One open connection: owns the socket and its pings until `ended` resolves. */
class Connected {
  readonly #socket: WebSocket;
  readonly #terminal: Terminal;
  readonly #framing: Framing;
  readonly #silenceMs: number;
  #lastError = '';

  constructor(socket: WebSocket, terminal: Terminal, silenceMs: number) {
    this.#socket = socket;
    this.#terminal = terminal;
    this.#silenceMs = silenceMs;
    try {
      this.#framing = framingOf(socket.protocol);
    } catch (error) {
      socket.terminate();
      throw error;
    }
    socket.binaryType = 'nodebuffer';
    const size = terminal.size();
    if (size !== undefined) this.resize(size);
    socket.on('message', (data) => this.#receive(data as Buffer));
  }

  send(bytes: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(this.#framing.input(bytes), () => {
      if (this.#socket.bufferedAmount < HIGH_WATER) this.#terminal.resumeInput();
    });
    if (this.#socket.bufferedAmount >= HIGH_WATER) this.#terminal.pauseInput();
  }

  resize(size: { readonly columns: number; readonly rows: number }): void {
    const frame = this.#framing.resize(size);
    if (frame !== undefined && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(frame);
  }

  #receive(data: Buffer): void {
    const message = this.#framing.incoming(data);
    switch (message.kind) {
      case 'output':
        if (!this.#terminal.write(message.bytes, () => this.#socket.resume())) this.#socket.pause();
        break;
      case 'error':
        this.#lastError = message.text;
        break;
      case 'ignored':
        break;
    }
  }

  /** Resolves when the connection is over; closes it when `signal` aborts. */
  ended(signal: AbortSignal): Promise<ConnectionEnd> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      let heard = performance.now();
      const pings = setInterval(() => {
        // A paused socket hears no pongs; the silence is ours then.
        if (!socket.isPaused && performance.now() - heard > this.#silenceMs) socket.terminate();
        else if (socket.readyState === socket.OPEN) socket.ping();
      }, this.#silenceMs / 3);
      const finish = (end: ConnectionEnd): void => {
        clearInterval(pings);
        signal.removeEventListener('abort', leave);
        this.#terminal.resumeInput();
        resolve(end);
      };
      const leave = (): void => {
        socket.close(1000);
        // The server's half of the goodbye is not waited for long.
        setTimeout(() => socket.terminate(), 500).unref();
        finish({ kind: 'left' });
      };
      const mark = (): void => {
        heard = performance.now();
      };
      socket.on('pong', mark);
      socket.on('message', mark);
      socket.on('error', (error) => {
        this.#lastError ||= error.message;
      });
      socket.once('close', (code, reason) => {
        const said = this.#lastError || reason.toString('utf8');
        finish({
          kind: 'lost',
          why: `The connection ended${said ? `: ${said}` : code === 1000 ? '' : ` (code ${code})`}`,
        });
      });
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }
}
