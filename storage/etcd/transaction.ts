import type { ICompare, IRequestOp, ITxnRequest } from 'etcd3';
import type { Change, WriteOutcome } from '../store.ts';
import { toEntry } from './entries.ts';
import type { TxnAnswer } from './kv/messages.ts';
import type { Layout } from './layout.ts';

/**
 * The request of one transaction: it writes when every entry still has the revision that the caller saw and the fence still
 * stands where it stood, puts its id on the revision key, and else answers with what is there now.
 */
export function transactionRequest(layout: Layout, changes: readonly Change[], id: Buffer, fence: bigint): ITxnRequest {
  return {
    compare: [fenceStands(layout, fence), ...changes.map((change) => stillAt(layout.key(change.key), change.expect))],
    success: [
      ...changes.flatMap((change) => write(layout, change)),
      { request_put: { key: layout.revisionKey, value: id } },
    ],
    failure: [
      { request_range: { key: layout.fenceKey } },
      ...changes.map((change) => ({ request_range: { key: layout.key(change.key) } })),
    ],
  };
}

export function fenceStands(layout: Layout, fence: bigint): ICompare {
  return { key: layout.fenceKey, target: 'Version', result: 'Equal', version: String(fence) };
}

export type TransactionAnswer = WriteOutcome | { readonly kind: 'fence-moved'; readonly fence: bigint };

export function transactionAnswer(changes: readonly Change[], fence: bigint, answer: TxnAnswer): TransactionAnswer {
  if (answer.succeeded) return { kind: 'committed', revision: BigInt(answer.header.revision) };
  const [fenceNow, ...found] = answer.responses.map((response) => response.response_range.kvs[0]);
  const version = BigInt(fenceNow?.version ?? 0);
  if (version !== fence) return { kind: 'fence-moved', fence: version };
  for (const [i, change] of changes.entries()) {
    const pair = found[i];
    const current = pair === undefined ? undefined : toEntry(change.key, pair);
    if ((current?.revision ?? 0n) !== change.expect) return { kind: 'conflict', key: change.key, current };
  }
  throw new Error('etcd refused a transaction whose conditions all hold');
}

/** The modification revision of a key that is absent is 0. */
function stillAt(key: Buffer, revision: bigint): ICompare {
  return { key, target: 'Mod', result: 'Equal', mod_revision: String(revision) };
}

function write(layout: Layout, change: Change): IRequestOp[] {
  const key = layout.key(change.key);
  switch (change.kind) {
    case 'put':
      return [{ request_put: { key, value: change.value } }];
    case 'remove':
      return [{ request_delete_range: { key } }];
    default:
      return change satisfies never;
  }
}
