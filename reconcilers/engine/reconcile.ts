import type { Logger } from '../../base/log.ts';

/**
 * The contract of every reconciler: a key in, an outcome out. Never an event and never an object: what is to be done
 * follows from the state that the reconciler reads, so lost, doubled and late events do no harm.
 */
export type Outcome =
  /** All is as it should be until something changes. */
  | { readonly kind: 'done' }
  /** Look again after this many milliseconds, whatever happens; not a failure. */
  | { readonly kind: 'again'; readonly afterMs: number }
  /** Something failed that may not fail next time: tried again with growing delays. */
  | { readonly kind: 'retry'; readonly error: unknown }
  /** It will fail until somebody changes something: logged and counted, tried again when the object changes. */
  | { readonly kind: 'terminal'; readonly error: unknown };

export interface ReconcileContext {
  /** Aborts when the process ends; pass it to every call. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What it throws counts as 'retry'. Called for one key at a time, for different keys at once. */
export type Reconcile = (key: string, context: ReconcileContext) => Promise<Outcome>;

export const done: Outcome = { kind: 'done' };
export const again = (afterMs: number): Outcome => ({ kind: 'again', afterMs });
export const retry = (error: unknown): Outcome => ({ kind: 'retry', error });
export const terminal = (error: unknown): Outcome => ({ kind: 'terminal', error });
