import type { CacheWatch, Item, Scope, WatchOptions, WatchStep } from './cache.ts';
import type { SharedEvent } from './event.ts';
import type { EventWindow } from './window.ts';

/** What a watcher sees of the cache. */
export interface WatchSource<T, S> {
  readonly revision: bigint;
  readonly window: EventWindow<T, S>;
  /** Called when the watcher has something to collect, and when it has collected everything. */
  fellBehind(watcher: Watcher<T, S>): void;
  caughtUp(watcher: Watcher<T, S>): void;
  leave(watcher: Watcher<T, S>): void;
}

/** Where a watcher starts: after `revision`, with the state of that revision when `items` is there. */
export interface WatchStart<T, S> {
  readonly revision: bigint;
  readonly items: readonly Item<T, S>[] | undefined;
}

/** About this many events are handed out in one step; a revision is never cut. */
const EVENTS_PER_STEP = 256;

/**
 * A reader's place in the event window: no events of its own, only a number. It is either level with the window (no cursor)
 * or behind it, and then its cursor is the first event in its scope that it has not handed out. An idle watcher is level
 * however much goes on outside its scope, so only a reader that does not collect can be too slow (C9).
 */
export class Watcher<T, S> implements CacheWatch<T, S> {
  readonly scope: Scope;
  readonly #source: WatchSource<T, S>;
  readonly #start: WatchStart<T, S>;
  readonly #options: WatchOptions;
  #cursor: number | undefined;
  #ended: 'slow' | 'resync' | 'closed' | undefined;
  /** Everything up to here was in steps that the reader is done with. */
  #handed: bigint;
  /** The reader waits for the next step. */
  #asking = false;
  #wake: (() => void) | undefined;
  readonly #onAbort = (): void => {
    this.#wake?.();
    // A reader that is stuck elsewhere may never come back to finish the iteration.
    this.#source.leave(this);
  };

  constructor(source: WatchSource<T, S>, scope: Scope, start: WatchStart<T, S>, options: WatchOptions) {
    this.#source = source;
    this.scope = scope;
    this.#start = start;
    this.#options = options;
    this.#handed = start.items === undefined ? start.revision : 0n;
    const first = source.window.after(start.revision);
    if (first < source.window.next) {
      this.#cursor = first;
      source.fellBehind(this);
    }
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get revision(): bigint {
    const now = this.#source.revision;
    return this.#asking && this.#cursor === undefined && now > this.#handed ? now : this.#handed;
  }

  /** An event of this watcher's scope was put into the window. */
  notify(sequence: number, revision: bigint): void {
    if (this.#cursor !== undefined || revision <= this.#start.revision) return;
    this.#cursor = sequence;
    this.#source.fellBehind(this);
    this.#wake?.();
  }

  /** Ends the watch when the window has moved past what the reader has not collected (C9). */
  endIfPassed(): void {
    if (this.#cursor !== undefined && this.#cursor < this.#source.window.first) this.end('slow');
  }

  end(why: 'slow' | 'resync' | 'closed'): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#source.leave(this);
    this.#options.onEnded?.(why);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchStep<T, S>> {
    const { signal } = this.#options;
    try {
      if (this.#start.items !== undefined) {
        yield { kind: 'state', items: this.#start.items, revision: this.#start.revision };
        this.#handed = this.#start.revision;
      }
      while (!signal.aborted) {
        if (this.#ended !== undefined) {
          yield { kind: 'ended', why: this.#ended };
          return;
        }
        const step = this.#collect() ?? (await this.#quiet());
        if (step === undefined) continue;
        yield step;
        // The reader has asked for the next step, so it is done with this one.
        if (step.kind !== 'ended') this.#handed = step.revision;
      }
    } finally {
      signal.removeEventListener('abort', this.#onAbort);
      this.#source.leave(this);
    }
  }

  /** The next events in scope, or undefined when there are none. */
  #collect(): WatchStep<T, S> | undefined {
    if (this.#cursor === undefined) return undefined;
    const { window } = this.#source;
    const events: SharedEvent<T, S>[] = [];
    let sequence = this.#cursor;
    let scanned = 0n;
    for (let event = window.at(sequence); event !== undefined; event = window.at(sequence)) {
      if (events.length >= EVENTS_PER_STEP && event.revision !== scanned) break;
      scanned = event.revision;
      sequence += 1;
      if (inScope(this.scope, event.key)) events.push(event);
    }
    const level = sequence >= window.next;
    this.#cursor = level ? undefined : sequence;
    if (level) this.#source.caughtUp(this);
    if (events.length === 0) return undefined;
    return { kind: 'events', events, revision: level ? this.#source.revision : scanned };
  }

  /** Waits until something happens; a bookmark when nothing does for long. */
  async #quiet(): Promise<WatchStep<T, S> | undefined> {
    if (this.#cursor !== undefined) return undefined;
    const { bookmarkEveryMs } = this.#options;
    this.#asking = true;
    const bookmarkDue = await new Promise<boolean>((resolve) => {
      const timer = bookmarkEveryMs === undefined ? undefined : setTimeout(resolve, bookmarkEveryMs, true);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
    this.#wake = undefined;
    const revision = this.revision;
    this.#asking = false;
    const quiet = this.#cursor === undefined && this.#ended === undefined && !this.#options.signal.aborted;
    return bookmarkDue && quiet ? { kind: 'bookmark', revision } : undefined;
  }
}

export function inScope(scope: Scope, key: string): boolean {
  return 'key' in scope ? key === scope.key : key.startsWith(scope.prefix);
}
