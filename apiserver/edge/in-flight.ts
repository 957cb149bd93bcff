/**
 * How many requests are worked on at once: kube-apiserver's two pools. Those above the limit are answered 429 at once,
 * with Retry-After, because clients retry only when they see it.
 */
export type Pool = 'mutating' | 'readOnly';

const readOnlyVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'head', 'options']);

export function poolOf(verb: string): Pool {
  return readOnlyVerbs.has(verb) ? 'readOnly' : 'mutating';
}

export class InFlight {
  readonly #limits: Readonly<Record<Pool, number>>;
  readonly #counts: Record<Pool, number> = { mutating: 0, readOnly: 0 };

  constructor(limits: Readonly<Record<Pool, number>>) {
    this.#limits = limits;
  }

  /** The function that gives the place back, once; undefined when the pool is full. A limit of 0 means none. */
  enter(pool: Pool): (() => void) | undefined {
    if (this.#limits[pool] > 0 && this.#counts[pool] >= this.#limits[pool]) return undefined;
    this.#counts[pool]++;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#counts[pool]--;
    };
  }

  count(pool: Pool): number {
    return this.#counts[pool];
  }
}
