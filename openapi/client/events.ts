import type { Event } from '../api.ts';
import { isError } from '../machinery/errors.ts';
import type { Client } from './client.ts';
import { type ApiObject, apiVersionOf, type Resource, resources } from './resources.ts';

/**
 * Writes Events about objects, for people who ask `kubectl describe`.
 *
 * E1 recording never throws, never waits and never fails the work that it reports on: problems go to `onProblem`.
 * E2 The same event (object, type, reason, message) is written once and counted from then on.
 * E3 More than 10 different messages of one object and reason within 10 minutes become one event, "(combined from
 *    similar events)".
 * E4 At most 512 events wait to be written; more are dropped and counted. One is written at a time.
 * E5 One object gets at most 25 events at once and one more each 30 s (a crash loop cannot flood the store).
 */
export interface EventRecorderOptions {
  /** Name of the component, for example torpor-reconcilers. */
  readonly component: string;
  readonly host?: string;
  readonly onProblem?: (problem: string, error?: unknown) => void;
  readonly now?: () => number;
}

export type EventType = 'Normal' | 'Warning';

interface Known {
  readonly name: string;
  readonly first: string;
  count: number;
  seen: number;
}

interface Subject {
  readonly reference: NonNullable<Event['involvedObject']>;
  readonly namespace: string;
}

interface Waiting extends Subject {
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly at: number;
}

const WINDOW_MS = 600_000;
const SIMILAR = 10;
const MAXIMUM_WAITING = 512;
const MAXIMUM_KNOWN = 2048;
const BURST = 25;
const REFILL_MS = 30_000;

export class EventRecorder {
  readonly #client: Client;
  readonly #options: EventRecorderOptions;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  readonly #similar = new Map<string, { readonly since: number; readonly messages: Set<string> }>();
  readonly #budgets = new Map<string, { tokens: number; at: number }>();
  readonly #waiting: Waiting[] = [];
  readonly #end = new AbortController();
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(client: Client, options: EventRecorderOptions) {
    this.#client = client;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Events that were not written because too many waited or one object had too many (E4, E5). */
  get dropped(): number {
    return this.#dropped;
  }

  record<T extends ApiObject>(
    resource: Resource<T>,
    object: T,
    type: EventType,
    reason: string,
    message: string,
  ): void {
    const { name = '', namespace, uid, resourceVersion } = object.metadata;
    const key = uid ?? `${resource.plural}/${namespace ?? ''}/${name}`;
    const now = this.#now();
    if (this.#end.signal.aborted || this.#waiting.length >= MAXIMUM_WAITING || !this.#spend(key, now)) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({
      reference: {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        name,
        ...(namespace ? { namespace } : {}),
        ...(uid ? { uid } : {}),
        ...(resourceVersion ? { resourceVersion } : {}),
      },
      namespace: namespace || 'default',
      type,
      reason,
      message: this.#combined(`${key}/${type}/${reason}`, message.slice(0, 1024), now),
      at: now,
    });
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when all that was recorded is written or given up; used at the end of a process. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Writes what waits for at most `deadlineMs` and then forgets the rest. */
  async stop(deadlineMs = 2000): Promise<void> {
    const timer = setTimeout(() => this.#end.abort(new Error('the event recorder was stopped')), deadlineMs);
    await this.flush();
    clearTimeout(timer);
    this.#end.abort(new Error('the event recorder was stopped'));
  }

  #spend(key: string, now: number): boolean {
    const budget = this.#budgets.get(key) ?? { tokens: BURST, at: now };
    budget.tokens = Math.min(BURST, budget.tokens + (now - budget.at) / REFILL_MS);
    budget.at = now;
    this.#budgets.delete(key);
    this.#budgets.set(key, budget);
    trim(this.#budgets);
    if (budget.tokens < 1) return false;
    budget.tokens--;
    return true;
  }

  #combined(key: string, message: string, now: number): string {
    let entry = this.#similar.get(key);
    if (!entry || now - entry.since > WINDOW_MS) entry = { since: now, messages: new Set() };
    this.#similar.set(key, entry);
    trim(this.#similar);
    if (entry.messages.has(message)) return message;
    if (entry.messages.size >= SIMILAR) return `(combined from similar events): ${message}`;
    entry.messages.add(message);
    return message;
  }

  async #write(): Promise<void> {
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) {
      if (this.#end.signal.aborted) {
        this.#dropped += this.#waiting.length + 1;
        this.#waiting.length = 0;
        return;
      }
      try {
        await this.#writeOne(event);
      } catch (error) {
        this.#dropped++;
        // The namespace is going away and its events with it.
        if (!isError(error, 'forbidden') && !isError(error, 'notFound')) {
          this.#options.onProblem?.(`event ${event.reason} was not written`, error);
        }
      }
    }
  }

  async #writeOne(event: Waiting): Promise<void> {
    const { reference, namespace, type, reason, message, at } = event;
    const combined = message.startsWith('(combined');
    const key = JSON.stringify([reference.uid ?? reference.name, namespace, type, reason, combined ? '' : message]);
    const known = this.#known.get(key);
    const time = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
    const call = { signal: this.#end.signal, deadlineMs: 10_000 };
    if (known && at - known.seen < WINDOW_MS) {
      const patch = { count: known.count + 1, lastTimestamp: time, message };
      try {
        await this.#client.patch(resources.events, { namespace, name: known.name }, patch, call);
        known.count++;
        known.seen = at;
        return;
      } catch (error) {
        if (!isError(error, 'notFound')) throw error;
        // It was forgotten in the meantime: it starts again.
      }
    }
    const name = `${(reference.name ?? '').slice(0, 200)}.${at.toString(16)}${Math.floor(Math.random() * 0xffff)
      .toString(16)
      .padStart(4, '0')}`;
    await this.#client.create(
      resources.events,
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace },
        involvedObject: reference,
        type,
        reason,
        message,
        source: { component: this.#options.component, ...(this.#options.host ? { host: this.#options.host } : {}) },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
        reportingComponent: this.#options.component,
        reportingInstance: this.#options.host ?? '',
      },
      call,
    );
    this.#known.delete(key);
    this.#known.set(key, { name, first: time, count: 1, seen: at });
    trim(this.#known);
  }
}

/** Forgets the oldest entries beyond the bound. */
function trim(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= MAXIMUM_KNOWN) return;
    map.delete(key);
  }
}
