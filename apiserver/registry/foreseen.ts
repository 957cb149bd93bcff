import type { Summary } from './core.ts';

/**
 * Summaries of what this process is about to store: the cache sees the same bytes again a moment later, and need not parse
 * them to know what selectors look at.
 *
 * F1  A summary counts only for exactly the bytes that it was made of; whoever else writes the key is parsed as ever.
 * F2  At most so many are kept, of so many bytes; one that is never asked for makes room for newer ones, and one whose
 *     write was refused is forgotten.
 */
export class Foreseen {
  readonly #entries = new Map<string, { readonly value: Buffer; readonly summary: Summary }>();
  #bytes = 0;

  expect(key: string, value: Buffer, summary: Summary): void {
    this.#drop(key);
    this.#entries.set(key, { value, summary });
    this.#bytes += value.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST && this.#bytes <= MOST_BYTES) return;
      this.#drop(oldest);
    }
  }

  /** The write of these bytes was refused. */
  forget(key: string, value: Buffer): void {
    if (this.#entries.get(key)?.value === value) this.#drop(key);
  }

  /** Once: the entry is forgotten. */
  take(key: string, value: Buffer): Summary | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !entry.value.equals(value)) return undefined;
    this.#drop(key);
    return entry.summary;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.value.length;
  }
}

const MOST = 1_000;
const MOST_BYTES = 32 * 1024 * 1024;
