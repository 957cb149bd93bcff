import type { Logger } from '../../base/log.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import { Queue, type QueueOptions } from './queue.ts';
import type { Outcome, Reconcile } from './reconcile.ts';

/**
 * A queue and the workers that empty it.
 *
 * C1  No worker runs before start(); the caller starts it when the informers that the reconciler reads are synced.
 * C2  Every outcome is handled in the one switch below, counted, and nothing that a reconciler throws ends a worker.
 * C3  stop() closes the queue, lets running reconciliations end for `graceMs`, then aborts their signal, and resolves
 *     when the last one has ended.
 */
export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly log: Logger;
  readonly metrics: EngineMetrics;
  /** Reconciliations of different keys at once; 4. */
  readonly workers?: number;
  readonly queue?: QueueOptions;
}

export class Controller {
  readonly queue: Queue;
  readonly #options: ControllerOptions;
  readonly #end = new AbortController();
  #workers: Promise<void>[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.queue = new Queue(options.queue);
    options.metrics.register(options.name, this.queue);
  }

  /** For informers' handlers: `informer.onKey(controller.enqueue)`. */
  readonly enqueue = (key: string): void => {
    this.queue.add(key);
  };

  start(): void {
    if (this.#workers.length > 0) throw new Error(`the controller ${this.#options.name} runs already`);
    this.#workers = Array.from({ length: this.#options.workers ?? 4 }, () => this.#work());
  }

  async stop(graceMs = 5000): Promise<void> {
    this.queue.close();
    const timer = setTimeout(() => this.#end.abort(new Error('the controller is stopping')), graceMs);
    await Promise.all(this.#workers);
    clearTimeout(timer);
    this.#end.abort(new Error('the controller has stopped'));
  }

  async #work(): Promise<void> {
    for (let key = await this.queue.take(); key !== undefined; key = await this.queue.take()) {
      const started = performance.now();
      const log = this.#options.log.child({ controller: this.#options.name, key });
      let outcome: Outcome;
      try {
        outcome = await this.#options.reconcile(key, { signal: this.#end.signal, log });
      } catch (error) {
        outcome = { kind: 'retry', error };
      }
      this.#settle(key, outcome, log);
      this.#options.metrics.observe(this.#options.name, outcome.kind, (performance.now() - started) / 1000);
      this.queue.done(key);
    }
  }

  #settle(key: string, outcome: Outcome, log: Logger): void {
    switch (outcome.kind) {
      case 'done':
        this.queue.forget(key);
        return;
      case 'again':
        this.queue.forget(key);
        this.queue.addAfter(key, outcome.afterMs);
        return;
      case 'retry': {
        if (this.#end.signal.aborted) return;
        const afterMs = this.queue.addAfterFailure(key);
        // Somebody else wrote first: ordinary, and the next look sees the new state.
        if (isError(outcome.error, 'conflict')) log.debug({ err: outcome.error, afterMs }, 'conflict, trying again');
        else log.warn({ err: outcome.error, afterMs }, 'reconciliation failed, trying again');
        return;
      }
      case 'terminal':
        this.queue.forget(key);
        log.error({ err: outcome.error }, 'reconciliation failed for good, waiting for a change');
        return;
      default:
        outcome satisfies never;
    }
  }
}
