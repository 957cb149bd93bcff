import type { Scope } from './cache.ts';
import type { SharedEvent } from './event.ts';
import type { Watcher } from './watcher.ts';

/** The watchers by scope, so that an event costs one comparison per prefix that is watched and not one per watcher. */
export class FanOut<T, S> {
  readonly #byPrefix = new Map<string, Set<Watcher<T, S>>>();
  readonly #byKey = new Map<string, Set<Watcher<T, S>>>();
  readonly #behind = new Set<Watcher<T, S>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(watcher: Watcher<T, S>): void {
    const [scopes, name] = this.#place(watcher.scope);
    const watchers = scopes.get(name) ?? new Set();
    watchers.add(watcher);
    scopes.set(name, watchers);
    this.#count += 1;
  }

  remove(watcher: Watcher<T, S>): void {
    this.#behind.delete(watcher);
    const [scopes, name] = this.#place(watcher.scope);
    const watchers = scopes.get(name);
    if (watchers?.delete(watcher) !== true) return;
    this.#count -= 1;
    if (watchers.size === 0) scopes.delete(name);
  }

  fellBehind(watcher: Watcher<T, S>): void {
    this.#behind.add(watcher);
  }

  caughtUp(watcher: Watcher<T, S>): void {
    this.#behind.delete(watcher);
  }

  announce(event: SharedEvent<T, S>, sequence: number): void {
    for (const watcher of this.#byKey.get(event.key) ?? []) watcher.notify(sequence, event.revision);
    for (const [prefix, watchers] of this.#byPrefix) {
      if (!event.key.startsWith(prefix)) continue;
      for (const watcher of watchers) watcher.notify(sequence, event.revision);
    }
  }

  /** Ends those that the window has passed (C9). */
  endSlow(): void {
    for (const watcher of [...this.#behind]) watcher.endIfPassed();
  }

  endAll(why: 'resync' | 'closed'): void {
    for (const scopes of [this.#byKey, this.#byPrefix]) {
      for (const watchers of [...scopes.values()]) for (const watcher of [...watchers]) watcher.end(why);
    }
  }

  #place(scope: Scope): [Map<string, Set<Watcher<T, S>>>, string] {
    return 'key' in scope ? [this.#byKey, scope.key] : [this.#byPrefix, scope.prefix];
  }
}
