import type { FileHandle } from 'node:fs/promises';

const BUFFER = 1 << 20;
const PIECE = 1 << 16;
const ZEROS = Buffer.alloc(PIECE);

/**
 * Writes a stream of bytes into a new file and leaves holes where whole 64 KiB pieces are zero, so that a raw image
 * costs only what is in it. `finish` gives the file its length; until then it may be shorter.
 */
export class SparseFile {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(BUFFER);
  #filled = 0;
  #position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Bytes taken so far. */
  get length(): number {
    return this.#position + this.#filled;
  }

  async write(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; ) {
      const taken = chunk.copy(this.#buffer, this.#filled, offset);
      this.#filled += taken;
      offset += taken;
      if (this.#filled === BUFFER) await this.#flush();
    }
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#file.truncate(this.#position);
  }

  async #flush(): Promise<void> {
    let start = 0;
    for (let offset = 0; offset < this.#filled; offset += PIECE) {
      const end = Math.min(offset + PIECE, this.#filled);
      if (!this.#buffer.subarray(offset, end).equals(ZEROS.subarray(0, end - offset))) continue;
      await this.#writeRun(start, offset);
      start = end;
    }
    await this.#writeRun(start, this.#filled);
    this.#position += this.#filled;
    this.#filled = 0;
  }

  async #writeRun(start: number, end: number): Promise<void> {
    for (let offset = start; offset < end; ) {
      const { bytesWritten } = await this.#file.write(this.#buffer, offset, end - offset, this.#position + offset);
      offset += bytesWritten;
    }
  }
}
