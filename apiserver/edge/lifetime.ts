import type { ServerResponse } from 'node:http';
import { RequestEnded } from '../request/end.ts';

/**
 * How long one request may go on.
 *
 * L1  `signal` aborts once: when the client goes away before its answer is complete, when the deadline passes, or, for
 *     long-running requests, when the server shuts down (others are allowed to finish).
 * L2  `before(work)` settles as the work does, or rejects at the deadline; a rejection of the work after that is
 *     swallowed by `late`.
 * L3  After `close` no timer and no listener is left.
 */
export class Lifetime {
  /** Made when somebody asks for the signal: most requests are answered without, and making one takes long. */
  #controller: AbortController | undefined;
  #ended: RequestEnded | undefined;
  readonly #res: ServerResponse;
  readonly #shutdown: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #onDeadline: (end: RequestEnded) => void = () => undefined;
  readonly #onClose: () => void;
  readonly #onShutdown: () => void;

  constructor(res: ServerResponse, shutdown: AbortSignal) {
    this.#res = res;
    this.#shutdown = shutdown;
    this.#onClose = () => {
      if (!res.writableFinished) this.#end('client-gone');
    };
    this.#onShutdown = () => this.#end('shutdown');
    res.once('close', this.#onClose);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended);
    }
    return this.#controller.signal;
  }

  setDeadline(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#onDeadline(this.#end('deadline')), milliseconds);
  }

  /** For long-running requests: ends with the server instead of at a deadline. */
  endWithServer(): void {
    if (this.#shutdown.aborted) this.#onShutdown();
    else this.#shutdown.addEventListener('abort', this.#onShutdown, { once: true });
  }

  /** L2. */
  before<T>(work: Promise<T>, late: (error: unknown) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      this.#onDeadline = (end) => {
        settled = true;
        reject(end);
      };
      work.then(resolve, (error: unknown) => (settled ? late(error) : reject(error)));
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#res.off('close', this.#onClose);
    this.#shutdown.removeEventListener('abort', this.#onShutdown);
  }

  /** L1: the first end stays. */
  #end(end: RequestEnded['end']): RequestEnded {
    this.#ended ??= new RequestEnded(end);
    this.#controller?.abort(this.#ended);
    return this.#ended;
  }
}
