import { setTimeout as delay } from 'node:timers/promises';
import { isError, StatusError } from '../machinery/errors.ts';
import { keyOf } from '../machinery/object.ts';
import type { Client } from './client.ts';
import { type Indexer, ObjectIndex } from './object-index.ts';
import type { ApiObject, Resource } from './resources.ts';
import { type WatchEvent, type WatchOutcome, watch } from './watch.ts';

/**
 * A local copy of a collection that follows the server by list and watch.
 *
 * I1  The copy is what the last list plus all events since then say, in order. An event counts once.
 * I2  Handlers get a key and nothing else, after the copy has changed; they read the copy, so they always see the newest.
 * I3  After a list, objects that are no longer there are removed and their keys are handed out, as are the keys of
 *     objects whose resourceVersion is another: what happened between two watches is never lost.
 * I4  A revision that is too old (410, by status or by event) leads to a new list at once.
 * I5  It never falls silent: however a watch ends (in order, cut, silent, refused), another one follows, after a pause
 *     that doubles from 0.5 s to 30 s and shrinks back only after a watch that lived for 10 s.
 * I6  `synced` is true from the end of the first complete list on, and never false again.
 * I7  A handler that throws is reported and harms neither the copy nor other handlers.
 * I8  There is one loop; after stop() has resolved no handler is called and nothing of it runs.
 */
export interface InformerOptions<T extends ApiObject> {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** What went wrong and is being tried again; for the log. */
  readonly onProblem?: (problem: string, error?: unknown) => void;
  /** Called when the copy is in step with the server again: after each list. */
  readonly onListed?: (count: number) => void;
  readonly watchIdleMs?: number;
  readonly watchTimeoutSeconds?: number;
  /** First and longest pause in milliseconds after a failure; 500 and 30,000 (I5). */
  readonly pauses?: { readonly first: number; readonly longest: number };
}

export type KeyHandler = (key: string) => void;

const PAGE = 500;
const HEALTHY_AFTER_MS = 10_000;

export class Informer<T extends ApiObject> {
  readonly resource: Resource<T>;
  readonly #client: Client;
  readonly #options: InformerOptions<T>;
  readonly #index: ObjectIndex<T>;
  readonly #handlers = new Set<KeyHandler>();
  readonly #waiting: (() => void)[] = [];
  #synced = false;
  #running: { readonly end: AbortController; readonly loop: Promise<void> } | undefined;
  #revision = '';

  constructor(client: Client, resource: Resource<T>, options: InformerOptions<T> = {}) {
    this.#client = client;
    this.resource = resource;
    this.#options = options;
    this.#index = new ObjectIndex<T>(options.indexers ?? {});
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** The last revision that the copy has seen; '' before the first list. */
  get revision(): string {
    return this.#revision;
  }

  get size(): number {
    return this.#index.size;
  }

  /** By `namespace/name`, or by name for cluster-scoped kinds. The object is shared: clone it before a change. */
  get(key: string): T | undefined {
    return this.#index.get(key);
  }

  list(): T[] {
    return this.#index.all();
  }

  byIndex(name: string, value: string): T[] {
    return this.#index.byIndex(name, value);
  }

  /** Handlers added later get the keys that are already there. The result removes the handler. */
  onKey(handler: KeyHandler): () => void {
    this.#handlers.add(handler);
    for (const key of this.#index.keys()) this.#tell(handler, key);
    return () => this.#handlers.delete(handler);
  }

  start(): void {
    if (this.#running) throw new Error(`the informer of ${this.resource.plural} runs already`);
    const end = new AbortController();
    this.#running = { end, loop: this.#run(end.signal) };
  }

  /** Resolves when the first list is complete; rejects when `signal` aborts first. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#synced) return;
    await new Promise<void>((resolve, reject) => {
      const aborted = () => reject(signal?.reason);
      signal?.throwIfAborted();
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiting.push(() => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.end.abort(new Error('the informer was stopped'));
    await running.loop;
    this.#running = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { first, longest } = this.#options.pauses ?? { first: 500, longest: 30_000 };
    let pause = first;
    let listed = false;
    while (!signal.aborted) {
      let failed = false;
      try {
        if (!listed) {
          await this.#relist(signal);
          listed = true;
        }
        const started = performance.now();
        const outcome = await this.#follow(signal);
        const lived = performance.now() - started;
        if (lived >= Math.min(HEALTHY_AFTER_MS, longest)) pause = first;
        if (outcome.kind === 'expired') listed = false;
        // A watch that ends in order at once would otherwise be a busy loop.
        failed = outcome.kind === 'failed' || (outcome.kind !== 'silent' && lived < 1000);
        this.#report(outcome);
      } catch (error) {
        if (signal.aborted) return;
        failed = true;
        if (isError(error, 'expired')) listed = false;
        this.#problem('list failed', error);
      }
      if (!failed) continue;
      // Between half and all of the pause, so that many clients do not come back at one moment.
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      pause = Math.min(pause * 2, longest);
    }
  }

  #follow(signal: AbortSignal): Promise<WatchOutcome> {
    const { namespace, labelSelector, fieldSelector, watchIdleMs, watchTimeoutSeconds } = this.#options;
    return watch(
      this.#client,
      this.resource,
      {
        namespace,
        labelSelector,
        fieldSelector,
        resourceVersion: this.#revision,
        signal,
        ...(watchIdleMs === undefined ? {} : { idleMs: watchIdleMs }),
        ...(watchTimeoutSeconds === undefined ? {} : { timeoutSeconds: watchTimeoutSeconds }),
      },
      (event) => this.#apply(event, signal),
    );
  }

  #apply(event: WatchEvent<T>, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (event.type === 'BOOKMARK') {
      this.#revision = event.resourceVersion || this.#revision;
      return;
    }
    this.#revision = event.object.metadata.resourceVersion ?? this.#revision;
    const key = keyOf(event.object);
    if (event.type === 'DELETED') this.#index.delete(key);
    else this.#index.set(event.object);
    this.#tellAll(key);
  }

  /** I3. Pages share a revision; when it expires between two of them, everything is read in one piece. */
  async #relist(signal: AbortSignal): Promise<void> {
    const found = new Map<string, T>();
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const options = { namespace, labelSelector, fieldSelector, signal };
    let token: string | undefined;
    let revision = '';
    let whole = false;
    do {
      try {
        const page = await this.#client.list(this.resource, {
          ...options,
          ...(whole ? {} : { limit: PAGE }),
          ...(token ? { continue: token } : {}),
        });
        for (const item of page.items) found.set(keyOf(item), item);
        revision = page.metadata.resourceVersion ?? '';
        token = page.metadata.continue || undefined;
      } catch (error) {
        if (!token || !(error instanceof StatusError) || error.code !== 410) throw error;
        token = undefined;
        found.clear();
        whole = true;
        continue;
      }
      if (!token) break;
    } while (!signal.aborted);
    signal.throwIfAborted();

    const changed: string[] = [];
    for (const key of this.#index.keys()) {
      if (!found.has(key)) {
        this.#index.delete(key);
        changed.push(key);
      }
    }
    for (const [key, object] of found) {
      const before = this.#index.get(key);
      if (
        before?.metadata.uid === object.metadata.uid &&
        before?.metadata.resourceVersion === object.metadata.resourceVersion
      )
        continue;
      this.#index.set(object);
      changed.push(key);
    }
    this.#revision = revision;
    this.#synced = true;
    for (const key of changed) this.#tellAll(key);
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#options.onListed?.(found.size);
  }

  #report(outcome: WatchOutcome): void {
    switch (outcome.kind) {
      case 'ended':
        return;
      case 'expired':
        this.#problem(`watch expired, listing again: ${outcome.message}`);
        return;
      case 'silent':
        this.#problem('watch was silent for too long, watching again');
        return;
      case 'failed':
        this.#problem('watch failed', outcome.error);
        return;
    }
  }

  #problem(problem: string, error?: unknown): void {
    this.#options.onProblem?.(`${this.resource.plural}: ${problem}`, error);
  }

  #tellAll(key: string): void {
    for (const handler of this.#handlers) this.#tell(handler, key);
  }

  #tell(handler: KeyHandler, key: string): void {
    try {
      handler(key);
    } catch (error) {
      this.#problem(`a handler failed on ${key}`, error);
    }
  }
}
