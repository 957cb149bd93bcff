/**
 * The work queue of a controller: keys in, keys out, with the rules of client-go's workqueue.
 *
 * Q1  A key waits at most once, however often it is added: work is by state and not by event.
 * Q2  A key is never handed out twice at once. Added while it is worked on, it waits again as soon as it is done.
 * Q3  Keys come out in the order in which they began to wait.
 * Q4  A delayed key waits from its due time on; of several delays of one key the earliest counts.
 * Q5  The delay after failures of one key doubles from `initialMs` to `maxMs`; forget() starts over. Keys do not delay
 *     each other.
 * Q6  After close() nothing is handed out: waiting takers get undefined at once, timers are gone, adds do nothing.
 * Q7  Memory is bounded by the number of different keys; there is one timer however many keys are delayed.
 */
export interface QueueOptions {
  /** First and longest delay after failures in milliseconds; 50 and 300,000. */
  readonly initialMs?: number;
  readonly maxMs?: number;
}

export class Queue {
  readonly #initialMs: number;
  readonly #maxMs: number;
  /** In order of waiting; a Set keeps the order of insertion. */
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  /** Key → due time in milliseconds of performance.now(). */
  readonly #delayed = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #timer: { readonly due: number; readonly handle: NodeJS.Timeout } | undefined;
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#initialMs = options.initialMs ?? 50;
    this.#maxMs = options.maxMs ?? 300_000;
  }

  /** Keys that could be handed out now. */
  get depth(): number {
    return this.#waiting.size;
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  get working(): number {
    return this.#working.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    const taker = this.#takers.shift();
    if (taker) {
      this.#working.add(key);
      taker(key);
    } else {
      this.#waiting.add(key);
    }
  }

  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const due = performance.now() + ms;
    const before = this.#delayed.get(key);
    if (before !== undefined && before <= due) return;
    this.#delayed.set(key, due);
    if (!this.#timer || due < this.#timer.due) this.#arm(due);
  }

  /** Adds after the delay that this key's failures have earned (Q5); returns it in milliseconds. */
  addAfterFailure(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const ms = Math.min(this.#initialMs * 2 ** Math.min(failures, 40), this.#maxMs);
    this.addAfter(key, ms);
    return ms;
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, waiting for one; undefined when the queue is closed. The taker calls done() with it. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#working.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer?.handle);
    this.#timer = undefined;
    this.#waiting.clear();
    this.#again.clear();
    this.#delayed.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #arm(due: number): void {
    clearTimeout(this.#timer?.handle);
    // Timers of Node hold at most 2^31 - 1 ms; a longer wait is armed again when that is over.
    const ms = Math.min(Math.max(0, Math.ceil(due - performance.now())), 2 ** 31 - 1);
    this.#timer = { due, handle: setTimeout(() => this.#release(), ms) };
  }

  #release(): void {
    this.#timer = undefined;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [key, due] of this.#delayed) {
      if (due > now) {
        next = Math.min(next, due);
      } else {
        this.#delayed.delete(key);
        this.add(key);
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.#arm(next);
  }
}
