import assert from 'node:assert/strict';
import type { Change, Entry, ListOptions, Store, StoreEvent, WatchBatch } from '../store.ts';

/** A store for one test, empty at first. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Ends everything that was made for the test. */
  close(): Promise<void>;
}

export interface ContractSettings {
  /** For test titles. */
  readonly name: string;
  make(): Promise<StoreUnderTest>;
  /** False when watches may still start at a revision that the store has compacted (a cache has its own history). */
  readonly watchesExpireWithCompaction: boolean;
}

export const put = (key: string, value: string | Buffer, expect = 0n): Change => ({
  kind: 'put',
  key,
  value: Buffer.from(value as string),
  expect,
});

export const remove = (key: string, expect: bigint): Change => ({ kind: 'remove', key, expect });

/** Commits and insists that it worked; the revision. */
export async function committed(store: Store, ...changes: [Change, ...Change[]]): Promise<bigint> {
  const outcome = await store.commit(changes);
  assert.equal(outcome.kind, 'committed');
  return outcome.kind === 'committed' ? outcome.revision : 0n;
}

export async function listed(store: Store, prefix: string, options?: ListOptions) {
  const page = await store.list(prefix, options);
  assert.ok(page.kind === 'page', `list ${prefix} answered ${page.kind}`);
  return page;
}

/** "key=value@revision" */
export function say(entry: Entry | undefined): string {
  return entry === undefined ? 'nothing' : `${entry.key}=${short(entry.value)}@${entry.revision}`;
}

export function sayEvent(event: StoreEvent): string {
  return event.kind === 'put'
    ? `put ${say(event.entry)} before ${say(event.previous)}`
    : `removed@${event.revision} ${say(event.previous)}`;
}

function short(value: Buffer): string {
  return value.length > 40 ? `${value.length} bytes` : value.toString();
}

const PATIENCE_MS = 20_000;

/** Reads a watch in a test: batch by batch, with a deadline. */
export class WatchReader {
  readonly #stop = new AbortController();
  readonly #batches: AsyncIterator<WatchBatch>;

  constructor(store: Store, prefix: string, after: bigint) {
    this.#batches = store.watch(prefix, after, this.#stop.signal)[Symbol.asyncIterator]();
  }

  async next(): Promise<WatchBatch> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the watch said nothing for ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
      const { value, done } = await Promise.race([this.#batches.next(), late]);
      assert.ok(done !== true, 'the watch has ended');
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** All events until the watch has reached `revision`. Checks what holds for every watch: S7's order, and no empty batch. */
  async until(revision: bigint): Promise<StoreEvent[]> {
    const events: StoreEvent[] = [];
    for (let reached = 0n; reached < revision; ) {
      const batch = await this.next();
      assert.ok(batch.kind !== 'expired', 'the watch expired');
      assert.ok(batch.revision > reached, `revision ${batch.revision} came after ${reached}`);
      if (batch.kind === 'events') {
        assert.ok(batch.events.length > 0);
        for (const event of batch.events) {
          const at = event.kind === 'put' ? event.entry.revision : event.revision;
          assert.ok(
            at > reached && at <= batch.revision,
            `event of ${at} in the batch from ${reached} to ${batch.revision}`,
          );
          events.push(event);
        }
      }
      reached = batch.revision;
    }
    return events;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#batches.return?.();
  }
}
