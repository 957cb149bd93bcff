import type { StoreEvent } from '../store.ts';
import { SharedEvent } from './event.ts';
import type { FanOut } from './fan-out.ts';
import type { ItemMaker } from './item.ts';
import { RevisionGate } from './revision-gate.ts';
import { SortedItems } from './sorted-items.ts';
import { EventWindow, type WindowLimits } from './window.ts';

/**
 * What the cache knows: the items of one revision and the events that led to it. Everything here is synchronous, so nobody
 * ever sees half of a transaction (C1).
 */
export class CacheState<T, S> {
  readonly gate = new RevisionGate();
  readonly #maker: ItemMaker<T, S>;
  readonly #fanOut: FanOut<T, S>;
  #items = new SortedItems<T, S>();
  #window: EventWindow<T, S>;
  #revision = 0n;

  constructor(maker: ItemMaker<T, S>, fanOut: FanOut<T, S>, limits: WindowLimits) {
    this.#maker = maker;
    this.#fanOut = fanOut;
    this.#window = new EventWindow(0n, limits);
  }

  get items(): SortedItems<T, S> {
    return this.#items;
  }

  get window(): EventWindow<T, S> {
    return this.#window;
  }

  get revision(): bigint {
    return this.#revision;
  }

  /** Applies the events of whole transactions; from now on the state is that of `revision`. */
  apply(events: readonly StoreEvent[], revision: bigint): void {
    for (const event of events) {
      // What the store sends twice is not told twice (C6), and the revision never goes back (C2).
      if (revisionOf(event) <= this.#revision) continue;
      const change = this.#change(event);
      const { item, previous, key } = change;
      if (item !== undefined) this.#items.set(item);
      else this.#items.delete(key);
      // Nothing to tell when the codec admits neither the old nor the new version.
      if (item === undefined && previous === undefined) continue;
      this.#window.push(change);
      this.#fanOut.announce(change, this.#window.next - 1);
    }
    if (revision > this.#revision) this.#revision = revision;
    this.#fanOut.endSlow();
    this.gate.reached(this.#revision);
  }

  /** Starts anew with these items. Events between the old state and the new are unknown, so all watchers are ended (C2, C6). */
  reset(items: SortedItems<T, S>, revision: bigint): void {
    this.#fanOut.endAll('resync');
    this.#items = items;
    this.#revision = revision;
    this.#window.clear(revision);
    this.gate.reached(revision);
  }

  /** True when the items under `prefix` are the same at `revision` as now, as far as the window tells. */
  unchangedSince(prefix: string, revision: bigint): boolean {
    if (revision < this.#window.floor) return false;
    for (let sequence = this.#window.after(revision); sequence < this.#window.next; sequence += 1) {
      if (this.#window.at(sequence)?.key.startsWith(prefix) === true) return false;
    }
    return true;
  }

  /** The change that an event makes here; `previous` is what this state showed, whatever the store says (C10). */
  #change(event: StoreEvent): SharedEvent<T, S> {
    switch (event.kind) {
      case 'put': {
        const { key, revision } = event.entry;
        return new SharedEvent(key, revision, this.#items.get(key), this.#maker.make(event.entry));
      }
      case 'removed': {
        const { key } = event.previous;
        return new SharedEvent<T, S>(key, event.revision, this.#items.get(key), undefined);
      }
      default:
        return event satisfies never;
    }
  }
}

export function revisionOf(event: StoreEvent): bigint {
  return event.kind === 'put' ? event.entry.revision : event.revision;
}
