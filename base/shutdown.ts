import type { Logger } from './log.ts';

/**
 * The orderly end of a process.
 *
 * H1  Parts are stopped one after another, in the reverse order of their registration: what was started last stops
 *     first. A part that fails to stop is logged and does not keep the others from being stopped.
 * H2  Stopping happens once; a second request only joins the first. `signal` aborts before the first part is stopped.
 * H3  After the deadline the process ends with status 1 and the log names the part that hung.
 * H4  SIGTERM and SIGINT stop with status 0. The second such signal ends the process at once with status 1.
 * H5  An uncaught exception or unhandled rejection is logged and stops the process with status 1: a process in an
 *     unknown state must not go on.
 */
export interface ShutdownOptions {
  readonly logger: Logger;
  /** Milliseconds for all parts together; 10 s when absent. */
  readonly deadlineMs?: number;
  /** Ends the process; replaced in tests. */
  readonly exit?: (status: number) => void;
}

export type Stop = () => Promise<void> | void;

interface Part {
  readonly name: string;
  readonly stop: Stop;
}

export class Shutdown {
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #exit: (status: number) => void;
  readonly #parts: Part[] = [];
  readonly #controller = new AbortController();
  #stopping: Promise<void> | undefined;
  #status = 0;

  constructor(options: ShutdownOptions) {
    this.#logger = options.logger;
    this.#deadlineMs = options.deadlineMs ?? 10_000;
    this.#exit = options.exit ?? ((status) => process.exit(status));
  }

  /** Aborts as soon as the end begins (H2). */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Registers a part that has just been started. Once the end has begun, it is stopped right away. */
  add(name: string, stop: Stop): void {
    if (this.#stopping === undefined) {
      this.#parts.push({ name, stop });
    } else {
      void this.#stopPart({ name, stop });
    }
  }

  /** Listens for signals and uncaught errors (H4, H5); the returned function stops listening. */
  listen(target: NodeJS.EventEmitter = process): () => void {
    const onSignal = (name: unknown): void => {
      if (this.#stopping !== undefined) {
        this.#logger.warn({ signal: name }, 'second signal, ending at once');
        this.#exit(1);
        return;
      }
      this.#logger.info({ signal: name }, 'stopping');
      void this.stop(0);
    };
    const onFault = (error: unknown): void => {
      this.#logger.fatal({ err: error }, 'uncaught error, stopping');
      void this.stop(1);
    };
    const listeners: readonly [string, (argument: unknown) => void][] = [
      ['SIGTERM', onSignal],
      ['SIGINT', onSignal],
      ['uncaughtException', onFault],
      ['unhandledRejection', onFault],
    ];
    for (const [event, listener] of listeners) target.on(event, listener);
    return () => {
      for (const [event, listener] of listeners) target.off(event, listener);
    };
  }

  /** Stops every part and ends the process with `status`, or the worst one when asked more than once. */
  stop(status: number): Promise<void> {
    this.#status = Math.max(this.#status, status);
    this.#stopping ??= this.#run();
    return this.#stopping;
  }

  async #run(): Promise<void> {
    this.#controller.abort(new Error('the process is stopping'));
    let current = 'nothing';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#logger.fatal({ part: current, deadlineMs: this.#deadlineMs }, 'a part did not stop in time');
      this.#exit(1);
    }, this.#deadlineMs);
    for (let part = this.#parts.pop(); part !== undefined && !late; part = this.#parts.pop()) {
      current = part.name;
      await this.#stopPart(part);
    }
    clearTimeout(timer);
    if (!late) this.#exit(this.#status);
  }

  async #stopPart(part: Part): Promise<void> {
    try {
      await part.stop();
    } catch (error) {
      this.#logger.error({ err: error, part: part.name }, 'a part failed to stop');
    }
  }
}
