import { compareKeys } from '../keys.ts';
import type { Item } from './cache.ts';

/**
 * The items of one revision in key order. One sorted array: replacing is a binary search, inserting moves pointers (some
 * 10 µs at 100,000 items), and a snapshot of a range is a copy of pointers.
 */
export class SortedItems<T, S> {
  readonly #items: Item<T, S>[] = [];

  get size(): number {
    return this.#items.length;
  }

  get(key: string): Item<T, S> | undefined {
    const found = this.#items[this.#from(key)];
    return found?.key === key ? found : undefined;
  }

  set(item: Item<T, S>): void {
    const last = this.#items.at(-1);
    if (last === undefined || compareKeys(last.key, item.key) < 0) {
      this.#items.push(item);
      return;
    }
    const index = this.#from(item.key);
    this.#items.splice(index, this.#items[index]?.key === item.key ? 1 : 0, item);
  }

  delete(key: string): void {
    const index = this.#from(key);
    if (this.#items[index]?.key === key) this.#items.splice(index, 1);
  }

  /** A snapshot of the items under a prefix, strictly after `after`, at most `limit`; and how many come after these. */
  range(prefix: string, after?: string, limit?: number): { readonly items: Item<T, S>[]; readonly remaining: number } {
    const start = this.#start(prefix, after);
    const end = this.#end(prefix, start);
    const cut = limit === undefined ? end : Math.min(end, start + limit);
    return { items: this.#items.slice(start, cut), remaining: end - cut };
  }

  count(prefix: string): number {
    const start = this.#from(prefix);
    return this.#end(prefix, start) - start;
  }

  #start(prefix: string, after: string | undefined): number {
    if (after === undefined || compareKeys(after, prefix) < 0) return this.#from(prefix);
    const index = this.#from(after);
    return this.#items[index]?.key === after ? index + 1 : index;
  }

  /** Index of the first item at or after `key`. */
  #from(key: string): number {
    return this.#search((item) => compareKeys(item.key, key) < 0, 0);
  }

  /** Items under a prefix stand together, so their end can be searched too. */
  #end(prefix: string, start: number): number {
    return this.#search((item) => item.key.startsWith(prefix), start);
  }

  /** Index of the first item from `low` on for which `before` is false. */
  #search(before: (item: Item<T, S>) => boolean, low: number): number {
    let from = low;
    let to = this.#items.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const item = this.#items[middle];
      if (item !== undefined && before(item)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
