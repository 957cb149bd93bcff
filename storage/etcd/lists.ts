import type { IRangeResponse } from 'etcd3';
import { type Entry, type ListOptions, type ListOutcome, StoreUnavailable } from '../store.ts';
import type { EtcdCalls } from './calls.ts';
import { viewOfEntry } from './entries.ts';
import { failureOf } from './failures.ts';
import type { Layout } from './layout.ts';

const PAGE_ENTRIES = 500;
/** Pages shrink so that one answer stays near this size, as far as the sizes seen so far tell. */
const PAGE_BYTES = 16 * 1024 * 1024;
/** A page takes longer than a get: this many call deadlines. */
const PAGE_DEADLINES = 3;

/** Lists in pages of one revision (S5), so that no answer is larger than memory and none blocks the event loop for long. */
export class EtcdLists {
  readonly #calls: EtcdCalls;
  readonly #layout: Layout;
  #averageBytes = PAGE_BYTES / PAGE_ENTRIES;

  constructor(calls: EtcdCalls, layout: Layout) {
    this.#calls = calls;
    this.#layout = layout;
  }

  async list(prefix: string, options: ListOptions): Promise<ListOutcome> {
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const entries: Entry[] = [];
    let { revision, after } = options;
    for (;;) {
      const page = await this.#page(prefix, after, revision, Math.min(limit - entries.length, this.#pageEntries()));
      if (page === 'compacted') return { kind: 'expired', compacted: revision ?? 0n };
      // The first page of a list without a revision decides which one the others show.
      revision ??= BigInt(page.header.revision);
      const before = entries.length;
      for (const pair of page.kvs) {
        const key = this.#layout.name(pair.key);
        if (key !== undefined) entries.push(viewOfEntry(key, pair));
      }
      this.#learn(entries.slice(before));
      after = entries.at(-1)?.key;
      if (!page.more || entries.length >= limit) {
        const remaining = page.more ? Number(page.count) - page.kvs.length : 0;
        return { kind: 'page', entries, revision, more: remaining > 0, remaining };
      }
    }
  }

  async #page(
    prefix: string,
    after: string | undefined,
    revision: bigint | undefined,
    limit: number,
  ): Promise<IRangeResponse | 'compacted'> {
    const { deadlineMs, client } = this.#calls;
    const request = { ...this.#layout.range(prefix, after), limit, revision: String(revision ?? 0n) };
    try {
      return await this.#calls.read(
        'list',
        prefix,
        (deadline) => client.kv.range(request, { deadline }),
        PAGE_DEADLINES * deadlineMs,
      );
    } catch (error) {
      switch (failureOf(error)) {
        case 'compacted':
          return 'compacted';
        case 'future':
          throw new StoreUnavailable(`list ${prefix}: revision ${revision} is still to come`);
        default:
          throw error;
      }
    }
  }

  #pageEntries(): number {
    return Math.max(8, Math.min(PAGE_ENTRIES, Math.floor(PAGE_BYTES / this.#averageBytes)));
  }

  #learn(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const bytes = entries.reduce((sum, entry) => sum + entry.value.length, 0);
    this.#averageBytes = (this.#averageBytes + bytes / entries.length) / 2;
  }
}
