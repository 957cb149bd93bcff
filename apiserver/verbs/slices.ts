import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Writes a long answer in slices.
 *
 * L1  Nothing is written while the client has not taken what was written before.
 * L2  The event loop gets its turn at least every few milliseconds, however many pieces there are.
 * L3  Small pieces are gathered into slices; a large one is written as it is, without copying.
 */
export class SliceWriter {
  readonly #out: Writable;
  readonly #signal: AbortSignal;
  /** The first piece of a slice. Alone, as one event for many watchers, it goes out as it is (L3). */
  #first: Buffer | undefined;
  /** Made when a second piece comes. */
  #slice: Buffer | undefined;
  #used = 0;
  #since = performance.now();

  constructor(out: Writable, signal: AbortSignal) {
    this.#out = out;
    this.#signal = signal;
  }

  /** Resolves when the next piece may come; rejects with the signal's reason. `piece` must not be changed afterwards. */
  async write(piece: Buffer): Promise<void> {
    if (piece.length > SLICE / 2) {
      await this.flush();
      await this.#send(piece);
    } else {
      if (this.#used + piece.length > SLICE) await this.flush();
      this.#gather(piece);
    }
    if (performance.now() - this.#since > TURN_MS) {
      await nextTurn();
      this.#signal.throwIfAborted();
      this.#since = performance.now();
    }
  }

  /** Hands what was gathered to the connection, which keeps it until it is sent. */
  async flush(): Promise<void> {
    if (this.#used === 0) return;
    const gathered = this.#slice?.subarray(0, this.#used) ?? this.#first;
    this.#slice = undefined;
    this.#first = undefined;
    this.#used = 0;
    if (gathered !== undefined) await this.#send(gathered);
  }

  #gather(piece: Buffer): void {
    if (this.#used === 0) {
      this.#first = piece;
    } else {
      if (this.#slice === undefined) {
        this.#slice = Buffer.allocUnsafe(SLICE);
        this.#first?.copy(this.#slice);
        this.#first = undefined;
      }
      piece.copy(this.#slice, this.#used);
    }
    this.#used += piece.length;
  }

  async #send(bytes: Buffer): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#out.write(bytes)) return;
    // L1. A connection that breaks aborts the signal.
    await once(this.#out, 'drain', { signal: this.#signal });
  }
}

const SLICE = 64 * 1024;
const TURN_MS = 5;
