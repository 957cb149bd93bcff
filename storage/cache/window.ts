import type { SharedEvent } from './event.ts';

export interface WindowLimits {
  /** At most this many events are kept. */
  readonly maxEvents: number;
  /** Beyond this many bytes of superseded items, old events go; but `minEvents` always stay. */
  readonly maxBytes: number;
  readonly minEvents: number;
  /** Of the newest events this many keep their encodings, and fewer when their items are larger than `encodedBytes`. */
  readonly encodedEvents: number;
  readonly encodedBytes: number;
}

/** An event keeps its superseded item alive, and costs about this much besides. */
const BYTES_PER_EVENT = 256;

/**
 * The newest events, in order. Each has a sequence number that counts up from 0; what has left the window has a number
 * below `first`. The window holds every event with a revision above `floor`.
 */
export class EventWindow<T, S> {
  readonly #limits: WindowLimits;
  /** undefined: an event that was dropped. */
  #events: (SharedEvent<T, S> | undefined)[] = [];
  /** Sequence number of #events[0]. */
  #base = 0;
  /** Index in #events of the oldest event that still counts; the places before it are emptied now and then. */
  #head = 0;
  #bytes = 0;
  /** Sequence number of the oldest event that keeps its encodings, and the size of the items of these events. */
  #encodedFrom = 0;
  #encodedBytes = 0;
  #floor: bigint;

  constructor(floor: bigint, limits: WindowLimits) {
    this.#floor = floor;
    this.#limits = limits;
  }

  get floor(): bigint {
    return this.#floor;
  }

  get first(): number {
    return this.#base + this.#head;
  }

  /** The sequence number that the next event will get. */
  get next(): number {
    return this.#base + this.#events.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  at(sequence: number): SharedEvent<T, S> | undefined {
    return sequence < this.first ? undefined : this.#events[sequence - this.#base];
  }

  push(event: SharedEvent<T, S>): void {
    this.#events.push(event);
    this.#bytes += cost(event);
    this.#encodedBytes += size(event);
    this.#ageSome();
    while (this.#tooMuch()) this.#dropOldest();
    if (this.#head > 1_024 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#base += this.#head;
      this.#head = 0;
    }
  }

  /** Sequence number of the first event with a revision above `revision`. */
  after(revision: bigint): number {
    let from = this.first;
    let to = this.next;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const event = this.at(middle);
      if (event !== undefined && event.revision <= revision) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Forgets everything; the numbers go on, so a watcher that was behind finds its place gone. */
  clear(floor: bigint): void {
    this.#base = this.next + 1;
    this.#events = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#encodedFrom = this.#base;
    this.#encodedBytes = 0;
    this.#floor = floor;
  }

  #ageSome(): void {
    const { encodedEvents, encodedBytes } = this.#limits;
    while (
      this.next - this.#encodedFrom > encodedEvents ||
      (this.#encodedBytes > encodedBytes && this.next - this.#encodedFrom > 1)
    ) {
      const event = this.#events[this.#encodedFrom - this.#base];
      if (event !== undefined) {
        this.#encodedBytes -= size(event);
        event.age();
      }
      this.#encodedFrom += 1;
    }
  }

  #tooMuch(): boolean {
    const kept = this.#events.length - this.#head;
    if (kept > this.#limits.maxEvents) return true;
    return this.#bytes > this.#limits.maxBytes && kept > this.#limits.minEvents;
  }

  #dropOldest(): void {
    const event = this.#events[this.#head];
    if (event === undefined) return;
    if (this.first >= this.#encodedFrom) {
      this.#encodedFrom = this.first + 1;
      this.#encodedBytes -= size(event);
    }
    this.#floor = event.revision;
    this.#bytes -= cost(event);
    this.#events[this.#head] = undefined;
    this.#head += 1;
  }
}

function cost(event: SharedEvent<unknown, unknown>): number {
  return BYTES_PER_EVENT + (event.previous?.bytes.length ?? 0);
}

/** About what one encoding of an event takes. */
function size(event: SharedEvent<unknown, unknown>): number {
  return (event.item ?? event.previous)?.bytes.length ?? 0;
}
