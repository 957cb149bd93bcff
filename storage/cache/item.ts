import type { Entry } from '../store.ts';
import type { Codec, Item } from './cache.ts';

/** Makes items of stored entries and bounds how many parsed objects are kept (C13). */
export class ItemMaker<T, S> {
  readonly #codec: Codec<T, S>;
  readonly #onFault: (key: string, revision: bigint, error: unknown) => void;
  /** The items that hold a parsed object, oldest overwritten first. */
  readonly #parsed: (CachedItem<T, S> | undefined)[];
  #next = 0;

  /** `parsedLimit`: how many parsed objects are kept. `onFault`: a stored entry that `admit` throws on is not shown. */
  constructor(
    codec: Codec<T, S>,
    parsedLimit: number,
    onFault: (key: string, revision: bigint, error: unknown) => void,
  ) {
    this.#codec = codec;
    this.#parsed = new Array<CachedItem<T, S> | undefined>(parsedLimit).fill(undefined);
    this.#onFault = onFault;
  }

  make(entry: Entry): Item<T, S> | undefined {
    try {
      const admitted = this.#codec.admit(entry);
      if (admitted === undefined) return undefined;
      return new CachedItem(entry.key, entry.revision, admitted.bytes, admitted.summary, this);
    } catch (error) {
      this.#onFault(entry.key, entry.revision, error);
      return undefined;
    }
  }

  /** Parses for `item` and makes another item forget its object in return. */
  parse(item: CachedItem<T, S>): T {
    const object = this.#codec.parse(item.bytes, item.key);
    this.#parsed[this.#next]?.forget();
    this.#parsed[this.#next] = item;
    this.#next = (this.#next + 1) % this.#parsed.length;
    return object;
  }
}

const NOT_PARSED = Symbol('not parsed');

class CachedItem<T, S> implements Item<T, S> {
  readonly key: string;
  readonly revision: bigint;
  readonly bytes: Buffer;
  readonly summary: S;
  readonly #maker: ItemMaker<T, S>;
  #object: T | typeof NOT_PARSED = NOT_PARSED;

  constructor(key: string, revision: bigint, bytes: Buffer, summary: S, maker: ItemMaker<T, S>) {
    this.key = key;
    this.revision = revision;
    this.bytes = bytes;
    this.summary = summary;
    this.#maker = maker;
  }

  get object(): T {
    if (this.#object === NOT_PARSED) this.#object = this.#maker.parse(this);
    return this.#object;
  }

  forget(): void {
    this.#object = NOT_PARSED;
  }
}
