import { Worker } from 'node:worker_threads';

/**
 * Reads YAML beside the event loop: a library needs seconds for what JSON.parse reads in milliseconds.
 *
 * Y1  One thread at most, made when the first text comes and ended when none has come for a while. It keeps no process alive.
 * Y2  Texts are read one after the other. So many may wait; one more is told that the server is busy.
 * Y3  A text that takes too long ends the thread and is refused; those behind it get a new one.
 * Y4  A text whose request is over while it waits is not read, and makes room.
 */
export type YamlOutcome =
  | { readonly kind: 'json'; readonly json: string; readonly duplicates: readonly string[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'wrong'; readonly why: string }
  | { readonly kind: 'busy' };

interface Waiting {
  readonly text: string;
  readonly answer: (outcome: YamlOutcome) => void;
}

export interface YamlThreadOptions {
  /** Milliseconds that one text may take. */
  readonly patienceMs?: number;
  /** Milliseconds without work after which the thread ends. */
  readonly idleMs?: number;
  readonly mostWaiting?: number;
}

export class YamlThread {
  readonly #patienceMs: number;
  readonly #idleMs: number;
  readonly #mostWaiting: number;
  readonly #waiting: Waiting[] = [];
  #current: Waiting | undefined;
  #thread: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: YamlThreadOptions = {}) {
    this.#patienceMs = options.patienceMs ?? 5_000;
    this.#idleMs = options.idleMs ?? 30_000;
    this.#mostWaiting = options.mostWaiting ?? 32;
  }

  read(text: string, request?: AbortSignal): Promise<YamlOutcome> {
    if (this.#waiting.length >= this.#mostWaiting) return Promise.resolve({ kind: 'busy' });
    return new Promise((resolve) => {
      const answer = (outcome: YamlOutcome): void => {
        request?.removeEventListener('abort', drop);
        resolve(outcome);
      };
      const waiting = { text, answer };
      const drop = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        answer({ kind: 'wrong', why: 'the request was over before its body was read' });
      };
      request?.addEventListener('abort', drop, { once: true });
      this.#waiting.push(waiting);
      if (this.#current === undefined) this.#next();
    });
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) {
      this.#timer = setTimeout(() => this.#end(), this.#idleMs).unref();
      return;
    }
    this.#thread ??= this.#start();
    this.#thread.postMessage(this.#current.text);
    this.#timer = setTimeout(() => {
      this.#end();
      this.#settle({ kind: 'wrong', why: `the body is YAML that takes longer than ${this.#patienceMs} ms to read` });
    }, this.#patienceMs);
  }

  #start(): Worker {
    // Plain JavaScript: whatever was loaded into this process for TypeScript has no place there.
    const thread = new Worker(new URL('./yaml-reader.mjs', import.meta.url), { execArgv: [] });
    // Only now: a thread that comes up keeps the process alive again.
    thread.on('online', () => thread.unref());
    thread.on('message', (outcome: YamlOutcome) => {
      if (thread === this.#thread) this.#settle(outcome);
    });
    thread.on('error', (error) => {
      if (thread !== this.#thread) return;
      this.#end();
      this.#settle({ kind: 'wrong', why: `the body cannot be read as YAML: ${error.message}` });
    });
    return thread;
  }

  #settle(outcome: YamlOutcome): void {
    this.#current?.answer(outcome);
    this.#next();
  }

  #end(): void {
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}
