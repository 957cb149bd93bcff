import { randomBytes } from 'node:crypto';
import { type Change, StoreReplaced, StoreUnavailable, ValueTooLarge, type WriteOutcome } from '../store.ts';
import type { EtcdCalls } from './calls.ts';
import type { EtcdConnections } from './connections.ts';
import { failureOf, textOf } from './failures.ts';
import type { Layout } from './layout.ts';
import { fateOf } from './lost-answer.ts';
import type { EtcdOperation } from './options.ts';
import { transactionAnswer, transactionRequest } from './transaction.ts';

/**
 * Transactions (S2, S3, S4).
 *
 * W1  A request is sent once. It is sent again, under another id, only after it is certain that it was not and will not be
 *     executed: because the fence had moved, or because lost-answer.ts says so.
 * W2  commit ends after twice the call deadline at the latest: once for the answer, once to find out without it.
 */
export class EtcdWriter {
  readonly #calls: EtcdCalls;
  readonly #layout: Layout;
  readonly #connections: EtcdConnections;
  /** Version of the fence key as last seen; undefined until it was read once. */
  #fence: bigint | undefined;

  /** `connections`: for looking into history. */
  constructor(calls: EtcdCalls, layout: Layout, connections: EtcdConnections) {
    this.#calls = calls;
    this.#layout = layout;
    this.#connections = connections;
  }

  async commit(changes: readonly [Change, ...Change[]]): Promise<WriteOutcome> {
    const calls = this.#calls;
    const names = changes.map((change) => change.key).join(', ');
    const deadline = Date.now() + 2 * calls.deadlineMs;
    for (;;) {
      const fence = this.#fence ?? (await this.#readFence());
      const write = { id: newId(), before: calls.newestSeen, fence };
      const request = transactionRequest(this.#layout, changes, write.id, fence);
      try {
        const attempt = Math.min(deadline, Date.now() + calls.deadlineMs);
        const answer = await calls.once(operationOf(changes[0]), changes[0].key, () =>
          calls.kv.txn(request, { deadline: attempt }),
        );
        const outcome = transactionAnswer(changes, fence, answer);
        if (outcome.kind !== 'fence-moved') return outcome;
        this.#fence = outcome.fence;
      } catch (error) {
        if (error instanceof StoreReplaced) throw error;
        this.#throwWhenCertain(names, error);
        const fate = await fateOf(calls, this.#layout, write, this.#connections, deadline).catch((cause) => {
          if (cause instanceof StoreReplaced) throw cause;
          throw new StoreUnavailable(`commit ${names}: it is not known whether this was written: ${textOf(cause)}`);
        });
        if (fate.kind === 'committed') return fate;
        this.#fence = fate.fence;
        if (Date.now() >= deadline) {
          throw new StoreUnavailable(`commit ${names}: nothing was written: ${textOf(error)}`);
        }
      }
    }
  }

  /** Throws when nothing was written for a reason that stays. */
  #throwWhenCertain(names: string, error: unknown): void {
    switch (failureOf(error)) {
      case 'too-large':
        throw new ValueTooLarge(`commit ${names}: larger than etcd takes in one request (--max-request-bytes)`);
      case 'refused':
      case 'compacted':
      case 'future':
        throw new StoreUnavailable(`commit ${names}: nothing was written, etcd refused: ${textOf(error)}`);
      case 'unknown':
        return;
    }
  }

  /** Reading it also tells a revision before the first write. */
  async #readFence(): Promise<bigint> {
    const { fenceKey } = this.#layout;
    const answer = await this.#calls.read('get', 'the fence', (deadline) =>
      this.#calls.kv.range({ key: fenceKey }, { deadline }),
    );
    this.#fence = BigInt(answer.kvs[0]?.version ?? 0);
    return this.#fence;
  }
}

function operationOf(change: Change): EtcdOperation {
  if (change.kind === 'remove') return 'delete';
  return change.expect === 0n ? 'create' : 'update';
}

const ID_BYTES = 16;
let drawn = Buffer.alloc(0);

/** Drawn many at once: asking the system for each takes longer than all the rest of a request to etcd. */
function newId(): Buffer {
  if (drawn.length < ID_BYTES) drawn = randomBytes(ID_BYTES * 256);
  const id = drawn.subarray(0, ID_BYTES);
  drawn = drawn.subarray(ID_BYTES);
  return id;
}
