import type { CacheEvent, Item } from './cache.ts';

/** One change with the encodings that its watchers share (C11). */
export class SharedEvent<T, S> implements CacheEvent<T, S> {
  readonly key: string;
  readonly revision: bigint;
  readonly previous: Item<T, S> | undefined;
  readonly item: Item<T, S> | undefined;
  #encodings: Map<string, Buffer> | undefined;
  #recent = true;

  constructor(key: string, revision: bigint, previous: Item<T, S> | undefined, item: Item<T, S> | undefined) {
    this.key = key;
    this.revision = revision;
    this.previous = previous;
    this.item = item;
  }

  encoded(form: string, encode: () => Buffer): Buffer {
    const known = this.#encodings?.get(form);
    if (known !== undefined) return known;
    const bytes = encode();
    if (this.#recent) {
      this.#encodings ??= new Map();
      this.#encodings.set(form, bytes);
    }
    return bytes;
  }

  /** Gives up the encodings: watchers that keep up have had them, and the few that come later make their own. */
  age(): void {
    this.#recent = false;
    this.#encodings = undefined;
  }
}
