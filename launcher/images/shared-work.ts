/**
 * Work that several callers wait for and that is done once.
 *
 * W1  At any time at most one run per key.
 * W2  A caller that gives up leaves alone; the run is aborted when the last caller has left.
 * W3  Every caller hears the progress from the moment it joins, and first the latest message there was.
 * W4  At most `concurrency` runs at once; further keys wait in the order of their coming.
 */
export class SharedWork<T> {
  readonly #concurrency: number;
  readonly #runs = new Map<string, Run<T>>();
  readonly #queue: (() => void)[] = [];
  #active = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  async join(
    key: string,
    caller: { readonly signal: AbortSignal; readonly progress: (message: string) => void },
    work: (signal: AbortSignal, progress: (message: string) => void) => Promise<T>,
  ): Promise<T> {
    caller.signal.throwIfAborted();
    let run = this.#runs.get(key);
    if (run === undefined || run.abort.signal.aborted) {
      run = this.#begin(key, work);
    } else if (run.state.latest !== undefined) {
      caller.progress(run.state.latest); // W3
    }
    const joined = run;
    joined.state.listeners.add(caller.progress);
    joined.callers++;
    let leave = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(caller.signal.reason);
      caller.signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([joined.result, left]);
    } finally {
      caller.signal.removeEventListener('abort', leave);
      joined.state.listeners.delete(caller.progress);
      joined.callers--;
      if (joined.callers === 0) joined.abort.abort(new Error('nobody waits for it any more')); // W2
    }
  }

  /** Aborts all runs and waits until they have ended. */
  async close(): Promise<void> {
    const runs = [...this.#runs.values()];
    for (const run of runs) run.abort.abort(new Error('shutting down'));
    await Promise.allSettled(runs.map((run) => run.result));
  }

  #begin(key: string, work: (signal: AbortSignal, progress: (message: string) => void) => Promise<T>): Run<T> {
    const state = { listeners: new Set<(message: string) => void>(), latest: undefined as string | undefined };
    const abort = new AbortController();
    const progress = (message: string) => {
      state.latest = message;
      for (const listener of state.listeners) listener(message);
    };
    const result = (async () => {
      await this.#enter(abort.signal); // W4
      try {
        return await work(abort.signal, progress);
      } finally {
        this.#active--;
        this.#queue.shift()?.();
      }
    })();
    const run: Run<T> = { abort, state, callers: 0, result };
    const ended = () => {
      if (this.#runs.get(key) === run) this.#runs.delete(key);
    };
    result.then(ended, ended); // also keeps a rejection from going unnoticed when every caller has left
    this.#runs.set(key, run);
    return run;
  }

  async #enter(signal: AbortSignal): Promise<void> {
    while (this.#active >= this.#concurrency) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (signal.aborted) {
        this.#queue.shift()?.(); // the turn that may have been ours goes to the next
        signal.throwIfAborted();
      }
    }
    this.#active++;
  }
}

interface Run<T> {
  readonly abort: AbortController;
  readonly state: { readonly listeners: Set<(message: string) => void>; latest: string | undefined };
  callers: number;
  readonly result: Promise<T>;
}
