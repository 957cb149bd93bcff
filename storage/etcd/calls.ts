import type { Etcd3, IResponseHeader } from 'etcd3';
import { Backoff } from '../../base/backoff.ts';
import { StoreUnavailable } from '../store.ts';
import { failureOf, textOf } from './failures.ts';
import type { EtcdOperation, EtcdOptions } from './options.ts';

/** A read may be cut short and tried again, so that one dead connection does not use up its whole time. */
const READ_ATTEMPTS = 2.5;

/**
 * Calls with deadlines, and what the answers' headers tell.
 *
 * K1  A read is repeated until its deadline while etcd does not answer, a write is made once.
 * K2  Whatever fails is StoreUnavailable with the operation, its object and the reason, unless the caller wants to know
 *     better (compacted, too large).
 */
export class EtcdCalls {
  readonly client: Etcd3;
  readonly deadlineMs: number;
  readonly #observe: EtcdOptions['observe'];
  #newestSeen = 0n;
  #clusterId: string | undefined;
  #closed = false;

  constructor(client: Etcd3, deadlineMs: number, observe: EtcdOptions['observe']) {
    this.client = client;
    this.deadlineMs = deadlineMs;
    this.#observe = observe;
  }

  /** The newest revision in any answer so far. */
  get newestSeen(): bigint {
    return this.#newestSeen;
  }

  /** As etcd prints it in decimal; undefined before the first answer. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** `call` gets its deadline in milliseconds since 1970. Rejects with etcd's own error when that is final. */
  async read<T extends { header: IResponseHeader }>(
    operation: EtcdOperation,
    object: string,
    call: (deadline: number) => Promise<T>,
    budgetMs = this.deadlineMs,
  ): Promise<T> {
    const end = Date.now() + budgetMs;
    const backoff = new Backoff({ initialMs: 50, maxMs: 500 });
    let reason: string | undefined;
    for (;;) {
      try {
        return await this.once(operation, () => call(Math.min(end, Date.now() + budgetMs / READ_ATTEMPTS)));
      } catch (error) {
        if (this.#closed) throw new StoreUnavailable(`${operation} ${object}: the connection to etcd is closed`);
        switch (failureOf(error)) {
          case 'unknown':
            // The last attempt may have had no time left; an earlier one tells more.
            if (reason === undefined || !/DEADLINE_EXCEEDED/.test(textOf(error))) reason = textOf(error);
            break;
          case 'refused':
            throw new StoreUnavailable(`${operation} ${object}: etcd refused: ${textOf(error)}`);
          case 'compacted':
          case 'future':
          case 'too-large':
            throw error;
        }
        if (Date.now() + 50 >= end) {
          throw new StoreUnavailable(`${operation} ${object}: etcd did not answer in ${budgetMs} ms: ${reason}`);
        }
        await backoff.wait();
      }
    }
  }

  /** One attempt. */
  async once<T extends { header: IResponseHeader }>(operation: EtcdOperation, call: () => Promise<T>): Promise<T> {
    const started = performance.now();
    let ok = false;
    try {
      const answer = await call();
      ok = true;
      this.note(answer.header);
      return answer;
    } finally {
      this.#observe?.(operation, (performance.now() - started) / 1_000, ok);
    }
  }

  note(header: IResponseHeader): void {
    const revision = BigInt(header.revision);
    if (revision > this.#newestSeen) this.#newestSeen = revision;
    this.#clusterId = header.cluster_id;
  }

  close(): void {
    this.#closed = true;
    this.client.close();
  }
}
