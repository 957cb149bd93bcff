/**
 * Answers of somebody else, kept for a short time: who a token belongs to, what a user may do.
 *
 * C1  An answer counts for the time that it came with, from the moment that it came.
 * C2  A failure is told to everybody who waits for it and is not kept.
 * C3  Who asks while the same question is on its way waits for its answer: there is one call for each question.
 * C4  At most `limit` answers are kept; the oldest go first.
 */
export class Answers<T> {
  readonly #kept = new Map<string, { readonly answer: T; readonly until: number }>();
  readonly #asked = new Map<string, Promise<T>>();
  readonly #limit: number;
  readonly #now: () => number;

  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /** `ttlMs` says how long an answer counts (C1); 0 = only for those who wait for it. */
  get(question: string, ask: () => Promise<T>, ttlMs: (answer: T) => number): Promise<T> {
    const known = this.#kept.get(question);
    if (known !== undefined && this.#now() < known.until) return Promise.resolve(known.answer);
    const running = this.#asked.get(question);
    if (running !== undefined) return running;
    const call = this.#ask(question, ask, ttlMs).finally(() => this.#asked.delete(question));
    this.#asked.set(question, call);
    return call;
  }

  async #ask(question: string, ask: () => Promise<T>, ttlMs: (answer: T) => number): Promise<T> {
    const answer = await ask();
    this.#kept.delete(question);
    const ttl = ttlMs(answer);
    if (ttl > 0) this.#kept.set(question, { answer, until: this.#now() + ttl });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#limit) break;
      this.#kept.delete(oldest);
    }
    return answer;
  }
}
