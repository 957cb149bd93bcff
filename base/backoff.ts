import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waiting longer after each failure.
 *
 * B1  The n-th wait is initialMs × factor^n, at most maxMs, less a random part of up to `jitter` of it. It is never
 *     longer than maxMs, so a person can be told the worst case.
 * B2  reset puts the next wait back to initialMs. Whoever retries calls it after a success that lasted, not after a
 *     mere connect.
 * B3  A wait ends at once when its signal aborts, and rejects with the signal's reason; its timer is gone by then.
 */
export interface BackoffOptions {
  /** First wait in milliseconds. */
  readonly initialMs: number;
  /** Longest wait in milliseconds. */
  readonly maxMs: number;
  /** Growth per failure; 2 when absent. */
  readonly factor?: number;
  /** Share of a wait that chance may take away, 0 to 1; 0.3 when absent. */
  readonly jitter?: number;
  /** Source of chance in [0, 1), for tests. */
  readonly random?: () => number;
}

export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = { factor: 2, jitter: 0.3, random: Math.random, ...options };
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and says how many milliseconds to wait for it (B1). */
  next(): number {
    const ms = backoffDelay(this.#options, this.#failures);
    this.#failures += 1;
    return ms;
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Counts a failure and waits for it (B3). */
  async wait(signal?: AbortSignal): Promise<void> {
    await sleep(this.next(), signal);
  }
}

/** The wait in milliseconds after `failures` earlier failures (B1); pure but for `random`. */
export function backoffDelay(options: BackoffOptions, failures: number): number {
  const { initialMs, maxMs, factor = 2, jitter = 0.3, random = Math.random } = options;
  const full = Math.min(maxMs, initialMs * factor ** failures);
  return Math.round(full * (1 - jitter * random()));
}

/** Resolves after `ms` milliseconds, or rejects with the signal's reason as soon as it aborts (B3). */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/**
 * Runs `operation` until it succeeds, `giveUp` says that an error is final, or the signal aborts. Rejects with the
 * final error or the signal's reason.
 */
export async function retry<T>(
  operation: (attempt: number) => Promise<T>,
  options: BackoffOptions & {
    readonly signal?: AbortSignal;
    readonly giveUp?: (error: unknown, attempt: number) => boolean;
  },
): Promise<T> {
  const backoff = new Backoff(options);
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await operation(attempt);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (options.giveUp?.(error, attempt) === true) throw error;
      await backoff.wait(options.signal);
    }
  }
}
