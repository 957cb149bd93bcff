/**
 * Live values of the machines on this node: the stage that each is in, until it runs in peace. Kept here, and handed to
 * whoever streams them.
 */
export interface LiveValue {
  readonly stage: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly since: string;
}

export type LiveListener = (changes: Readonly<Record<string, LiveValue | null>>) => void;

export class LiveStages {
  readonly #values = new Map<string, LiveValue>();
  readonly #listeners = new Set<LiveListener>();

  set(uid: string, stage: string, message = ''): void {
    const before = this.#values.get(uid);
    if (before?.stage === stage && (before.message ?? '') === message) return;
    const since = before?.stage === stage ? before.since : new Date().toISOString();
    const value = { stage, ...(message === '' ? {} : { message }), since };
    this.#values.set(uid, value);
    this.#tell({ [uid]: value });
  }

  clear(uid: string): void {
    if (this.#values.delete(uid)) this.#tell({ [uid]: null });
  }

  get(uid: string): LiveValue | undefined {
    return this.#values.get(uid);
  }

  /** Calls the listener with all there is, then with every change; the result ends it. */
  follow(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    listener(Object.fromEntries(this.#values));
    return () => this.#listeners.delete(listener);
  }

  #tell(changes: Readonly<Record<string, LiveValue | null>>): void {
    for (const listener of this.#listeners) listener(changes);
  }
}
