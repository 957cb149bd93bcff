/** The last bytes of a stream. Appending is O(bytes appended); nothing is copied until somebody asks for all. */
export class Scrollback {
  readonly #capacity: number;
  #chunks: Buffer[] = [];
  #size = 0;

  /** @param capacity In bytes. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  append(chunk: Buffer): void {
    const kept = chunk.length > this.#capacity ? chunk.subarray(chunk.length - this.#capacity) : chunk;
    this.#chunks.push(kept);
    this.#size += kept.length;
    while (this.#size > this.#capacity) {
      const first = this.#chunks[0] as Buffer;
      const excess = this.#size - this.#capacity;
      if (first.length <= excess) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(excess);
      this.#size -= Math.min(first.length, excess);
    }
    // A serial line often comes byte by byte: without this, 64 KiB could be 64 Ki buffers.
    if (this.#chunks.length > 1024) this.#chunks = [Buffer.concat(this.#chunks)];
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
