import type { Summary } from './core.ts';

/**
 * Summaries of what this process is about to store: the cache sees the same bytes again a moment later, and need not parse
 * them to know what selectors look at.
 *
 * F1  A summary counts only for exactly the bytes that it was made of; whoever else writes the key is parsed as ever.
 * F2  At most LIMIT are kept; one that is never asked for (a write that failed) makes room for newer ones.
 */
export class Foreseen {
  readonly #entries = new Map<string, { readonly value: Buffer; readonly summary: Summary }>();

  expect(key: string, value: Buffer, summary: Summary): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, summary });
    if (this.#entries.size <= LIMIT) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Once: the entry is forgotten. */
  take(key: string, value: Buffer): Summary | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !entry.value.equals(value)) return undefined;
    this.#entries.delete(key);
    return entry.summary;
  }
}

const LIMIT = 1_000;
