/**
 * Cuts a stream of bytes into lines.
 *
 * L1 A line is given once, when its newline has come; cutting the stream anywhere changes no line.
 * L2 A line longer than `maximumBytes` throws; nothing longer is ever kept.
 */
export class LineReader {
  readonly #maximumBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** The lines that `chunk` completes, without their newlines, empty ones left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#keep(chunk.subarray(start, end));
      if (this.#length > 0) lines.push(this.#take());
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** Bytes of a line that has begun and not ended. */
  get pending(): number {
    return this.#length;
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#maximumBytes) throw new Error(`a line is longer than ${this.#maximumBytes} bytes`);
    this.#parts.push(part);
  }

  #take(): string {
    const [first] = this.#parts;
    const line = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    return line.toString('utf8');
  }
}
