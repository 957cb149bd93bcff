import type { Etcd3, IResponseHeader } from 'etcd3';
import { Backoff } from '../../base/backoff.ts';
import { StoreReplaced, StoreUnavailable } from '../store.ts';
import type { EtcdConnections } from './connections.ts';
import { failureOf, textOf } from './failures.ts';
import type { EtcdKv } from './kv/kv.ts';
import type { EtcdOperation, EtcdOptions } from './options.ts';

/** A read may be cut short and tried again, so that one dead connection does not use up its whole time. */
const READ_ATTEMPTS = 2.5;

/**
 * Calls with deadlines, and what the answers' headers tell.
 *
 * K1  A read is repeated until its deadline while etcd does not answer, a write is made once.
 * K2  Whatever fails is StoreUnavailable with the operation, its object and the reason, unless the caller wants to know
 *     better (compacted, too large).
 * K3  An answer of another cluster than before, or from before what had been seen when the call was made, is none: this
 *     call and all after it throw StoreReplaced (S12).
 */
export class EtcdCalls {
  readonly deadlineMs: number;
  readonly #connections: EtcdConnections;
  readonly #observe: EtcdOptions['observe'];
  #newestSeen: bigint;
  #clusterId: string | undefined;
  #replaced: StoreReplaced | undefined;
  #closed = false;

  /** `known`: what a process before this one has seen of the store (K3). */
  constructor(
    connections: EtcdConnections,
    deadlineMs: number,
    observe: EtcdOptions['observe'],
    known?: EtcdOptions['known'],
  ) {
    this.#connections = connections;
    this.deadlineMs = deadlineMs;
    this.#observe = observe;
    this.#newestSeen = known?.revision ?? 0n;
    this.#clusterId = known?.clusterId;
  }

  get client(): Etcd3 {
    return this.#connections.client;
  }

  /** For what happens with every request. */
  get kv(): EtcdKv {
    return this.#connections.kv;
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
        return await this.once(operation, object, () => call(Math.min(end, Date.now() + budgetMs / READ_ATTEMPTS)));
      } catch (error) {
        if (error instanceof StoreReplaced) throw error;
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
  async once<T extends { header: IResponseHeader }>(
    operation: EtcdOperation,
    object: string,
    call: () => Promise<T>,
  ): Promise<T> {
    if (this.#replaced !== undefined) throw this.#replaced;
    const started = performance.now();
    const seen = this.#newestSeen;
    let ok = false;
    try {
      const answer = await call();
      ok = true;
      this.#note(answer.header, seen);
      return answer;
    } finally {
      this.#observe?.(operation, object.startsWith('/') ? object : '', (performance.now() - started) / 1_000, ok);
    }
  }

  /** K3. `seen`: the newest revision known when the call was made. */
  #note(header: IResponseHeader, seen: bigint): void {
    const revision = BigInt(header.revision);
    const id = header.cluster_id;
    if (this.#clusterId !== undefined && id !== this.#clusterId) {
      throw this.#replace(`etcd's cluster is ${id} now and was ${this.#clusterId}: it is another one, or was restored`);
    }
    if (revision < seen) {
      throw this.#replace(`etcd is at revision ${revision} and was at ${seen} before: it was restored from a backup`);
    }
    this.#clusterId = id;
    if (revision > this.#newestSeen) this.#newestSeen = revision;
  }

  #replace(why: string): StoreReplaced {
    this.#replaced ??= new StoreReplaced(why);
    return this.#replaced;
  }

  close(): void {
    this.#closed = true;
    this.#connections.close();
  }
}
