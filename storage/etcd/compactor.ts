import type { Logger } from '../../base/log.ts';
import { textOf } from './failures.ts';

/** What the compactor needs of etcd. */
export interface CompactionRecord {
  /**
   * Puts the record when its version is still `version`. Answers with the version it has then and the store's revision at
   * that moment; `won` tells whether the put happened.
   */
  claim(version: bigint): Promise<{ readonly won: boolean; readonly version: bigint; readonly revision: bigint }>;
  compact(revision: bigint): Promise<void>;
}

/**
 * Forgets old history at intervals, once for all processes that share the store.
 *
 * P1  What is forgotten was the newest revision at least one interval ago, by this process's own monotonic clock.
 * P2  Of several processes one compacts per interval: whoever moves the record first; the others begin to count anew.
 * P3  A failure is logged and skips the round; stop ends the timer.
 */
export class Compactor {
  readonly #record: CompactionRecord;
  readonly #everyMs: number;
  readonly #log: Pick<Logger, 'info' | 'warn'>;
  #last = { version: -1n, revision: 0n };
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(record: CompactionRecord, everyMs: number, log: Pick<Logger, 'info' | 'warn'>) {
    this.#record = record;
    this.#everyMs = everyMs;
    this.#log = log;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      this.#round = this.#round.then(() => this.#tryRound());
    }, this.#everyMs);
    // The timer alone is no reason for the process to stay.
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  /** One interval has passed. */
  async round(): Promise<void> {
    const { version, revision } = this.#last;
    const claim = await this.#record.claim(version);
    this.#last = { version: claim.version, revision: claim.revision };
    // P1: `revision` was the newest one when the last round ended, an interval ago.
    if (!claim.won || revision === 0n) return;
    await this.#record.compact(revision);
    this.#log.info({ revision: String(revision) }, 'old history of the store is forgotten');
  }

  async #tryRound(): Promise<void> {
    try {
      await this.round();
    } catch (error) {
      this.#log.warn({ reason: textOf(error) }, 'old history of the store could not be forgotten');
    }
  }
}
