import type { ITxnResponse } from 'etcd3';
import { Backoff } from '../../base/backoff.ts';
import { StoreUnavailable } from '../store.ts';
import type { EtcdCalls } from './calls.ts';
import type { EtcdConnections } from './connections.ts';
import { textOf } from './failures.ts';
import type { Layout } from './layout.ts';
import { fenceStands } from './transaction.ts';
import { WatchStream } from './watch-stream.ts';

/** A write whose answer did not come. */
export interface LostWrite {
  readonly id: Buffer;
  /** A revision before the write. */
  readonly before: bigint;
  /** Where the fence stood in the write's conditions. */
  readonly fence: bigint;
}

export type Fate =
  | { readonly kind: 'committed'; readonly revision: bigint }
  | { readonly kind: 'never'; readonly fence: bigint };

/** Where the fence stands, and the newest write of ours when it was read: none of the writes it fenced off comes after that. */
interface FenceState {
  readonly fence: bigint;
  readonly newest: { readonly revision: bigint; readonly id: Buffer } | undefined;
}

/**
 * Finds out whether a write happened whose answer was lost (S3).
 *
 * L1  First the fence is moved: every transaction has the fence's version among its conditions, so from then on the lost
 *     one, if it is still on its way, can only fail.
 * L2  Then the history of the revision key, where each write leaves its id, says whether it happened before.
 * L3  When history is compacted or etcd does not answer until the deadline, nobody knows: StoreUnavailable.
 */
export async function fateOf(
  calls: EtcdCalls,
  layout: Layout,
  write: LostWrite,
  connections: EtcdConnections,
  deadline: number,
): Promise<Fate> {
  const backoff = new Backoff({ initialMs: 50, maxMs: 500 });
  for (;;) {
    try {
      const { fence, newest } = await moveFence(calls, layout, write.fence, deadline);
      if (newest === undefined || newest.revision <= write.before) return { kind: 'never', fence };
      if (newest.id.equals(write.id)) return { kind: 'committed', revision: newest.revision };
      const revision = await findInHistory(connections, layout, write, newest.revision, deadline);
      return revision === undefined ? { kind: 'never', fence } : { kind: 'committed', revision };
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error; // L3
      const pause = backoff.next();
      if (Date.now() + pause >= deadline) throw new StoreUnavailable(textOf(error));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** L1. Moves the fence past `from` unless someone else has. Moving it twice does no harm, so this may be tried again. */
async function moveFence(calls: EtcdCalls, layout: Layout, from: bigint, deadline: number): Promise<FenceState> {
  const look = [{ request_range: { key: layout.fenceKey } }, { request_range: { key: layout.revisionKey } }];
  const attempt = Math.min(deadline, Date.now() + calls.deadlineMs / 2);
  const answer: ITxnResponse = await calls.once('fence', '', () =>
    calls.client.kv.txn(
      {
        compare: [fenceStands(layout, from)],
        success: [{ request_put: { key: layout.fenceKey, value: Buffer.alloc(0) } }, ...look],
        failure: look,
      },
      { deadline: attempt },
    ),
  );
  const [fence, newest] = answer.responses.slice(-2).map((response) => response.response_range.kvs[0]);
  return {
    fence: BigInt(fence?.version ?? 0),
    newest: newest === undefined ? undefined : { revision: BigInt(newest.mod_revision), id: newest.value },
  };
}

/** L2. The revision at which the revision key had this id, between `write.before` and `upTo`. */
async function findInHistory(
  connections: EtcdConnections,
  layout: Layout,
  write: LostWrite,
  upTo: bigint,
  deadline: number,
): Promise<bigint | undefined> {
  const connection = connections.forStream();
  const left = Math.max(1, deadline - Date.now());
  let stream: WatchStream | undefined;
  const timer = setTimeout(() => stream?.close(), left);
  try {
    // From `before` itself, so that etcd refuses when anything after it may be gone (watch.ts, V1).
    const start_revision = String(write.before > 1n ? write.before : 1n);
    stream = await WatchStream.open(connection.client, { key: layout.revisionKey, start_revision }, left);
    for (;;) {
      const arrival = await stream.take();
      if (arrival.kind === 'hint') continue;
      const { response } = arrival;
      if (response.canceled) {
        throw new StoreUnavailable(`the history that would tell is gone: ${response.cancel_reason || 'compacted'}`);
      }
      for (const { kv } of response.events) {
        const revision = BigInt(kv.mod_revision);
        if (revision > write.before && kv.value.equals(write.id)) return revision;
        if (revision >= upTo) return undefined;
      }
    }
  } finally {
    clearTimeout(timer);
    stream?.close();
    connection.end(false);
  }
}
