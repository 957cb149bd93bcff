import { checkKey, checkPrefix } from '../keys.ts';
import {
  type Change,
  type Entry,
  type ListOptions,
  type ListOutcome,
  type Store,
  StoreUnavailable,
  type WatchBatch,
  type WriteOutcome,
} from '../store.ts';
import { EtcdCalls } from './calls.ts';
import { DEFAULT_CALL_DEADLINE_MS } from './client.ts';
import { type CompactionRecord, Compactor } from './compactor.ts';
import { EtcdConnections } from './connections.ts';
import { toEntry } from './entries.ts';
import { failureOf } from './failures.ts';
import { Layout } from './layout.ts';
import { EtcdLists } from './lists.ts';
import type { EtcdOptions } from './options.ts';
import { raiseRevision } from './raise.ts';
import { SharedRead } from './shared-read.ts';
import { EtcdWatch, type Newest } from './watch.ts';
import { EtcdWriter } from './writer.ts';

/** A readiness check should not take as long as a request may. */
const HEALTH_MS = 2_000;

/** The store on etcd; it keeps S1 to S12. Connections are made when they are needed. */
export class EtcdStore implements Store {
  readonly #options: EtcdOptions;
  readonly #layout: Layout;
  readonly #connections: EtcdConnections;
  readonly #calls: EtcdCalls;
  readonly #writer: EtcdWriter;
  readonly #lists: EtcdLists;
  readonly #newest: SharedRead<Newest>;
  readonly #watches = new Set<EtcdWatch>();
  readonly #compactor: Compactor;
  #lastNewest: Newest | undefined;
  #closed = false;

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#layout = new Layout(options.prefix);
    const deadlineMs = options.callDeadlineMs ?? DEFAULT_CALL_DEADLINE_MS;
    this.#connections = new EtcdConnections(options);
    this.#calls = new EtcdCalls(this.#connections, deadlineMs, options.observe, options.known);
    this.#writer = new EtcdWriter(this.#calls, this.#layout, this.#connections);
    this.#lists = new EtcdLists(this.#calls, this.#layout);
    this.#newest = new SharedRead(() => this.#readNewest());
    const everyMs = options.compactEveryMs ?? 300_000;
    this.#compactor = new Compactor(this.#compactionRecord(), everyMs, options.log);
    if (everyMs > 0) this.#compactor.start();
  }

  /** etcd's cluster id in decimal: the same etcd with other data has another one. Throws StoreUnavailable. */
  async clusterId(): Promise<string> {
    if (this.#calls.clusterId === undefined) await this.newestRevision();
    if (this.#calls.clusterId === undefined) throw new StoreUnavailable('etcd did not tell its cluster id');
    return this.#calls.clusterId;
  }

  /** The cluster and the newest revision that were seen; undefined before the first answer. */
  get seen(): { readonly clusterId: string; readonly revision: bigint } | undefined {
    const { clusterId, newestSeen } = this.#calls;
    return clusterId === undefined ? undefined : { clusterId, revision: newestSeen };
  }

  /** Throws StoreUnavailable, with the reason, when the store does not answer within so many milliseconds. */
  async answers(patienceMs: number): Promise<void> {
    this.#mustBeOpen('ask', 'the store');
    await this.#readNewest(Math.min(patienceMs, this.#calls.deadlineMs));
  }

  /** raise.ts. */
  async raise(above: bigint): Promise<bigint> {
    this.#mustBeOpen('raise', 'the revision');
    return raiseRevision(this.#calls, this.#layout, above);
  }

  /** Bytes of the database of one member; undefined when it cannot be told now. */
  async size(): Promise<number | undefined> {
    const deadline = Date.now() + HEALTH_MS;
    const status = await this.#calls.client.maintenance.status({ deadline }).catch(() => undefined);
    return status === undefined ? undefined : Number(status.dbSize);
  }

  /** New certificates, for connections to come. */
  useTls(tls: NonNullable<EtcdOptions['tls']>): void {
    this.#connections.use(tls);
  }

  async get(key: string): Promise<{ readonly entry: Entry | undefined; readonly revision: bigint }> {
    checkKey(key);
    this.#mustBeOpen('get', key);
    const request = { key: this.#layout.key(key) };
    const answer = await this.#calls.read('get', key, (deadline) => this.#calls.kv.range(request, { deadline }));
    const pair = answer.kvs[0];
    return { entry: pair && toEntry(key, pair), revision: BigInt(answer.header.revision) };
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListOutcome> {
    checkPrefix(prefix);
    this.#mustBeOpen('list', prefix);
    return this.#lists.list(prefix, options);
  }

  async commit(changes: readonly [Change, ...Change[]]): Promise<WriteOutcome> {
    for (const change of changes) checkKey(change.key);
    if (new Set(changes.map((change) => change.key)).size < changes.length) {
      throw new TypeError('a transaction may change a key only once');
    }
    this.#mustBeOpen('commit', changes[0].key);
    return this.#writer.commit(changes);
  }

  async newestRevision(): Promise<bigint> {
    this.#mustBeOpen('read the newest revision of', 'the store');
    return (await this.#newest.get()).revision;
  }

  async *watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<WatchBatch> {
    checkPrefix(prefix);
    if (signal.aborted) return;
    this.#mustBeOpen('watch', prefix);
    const watch = new EtcdWatch(this.#connections, {
      layout: this.#layout,
      prefix,
      after,
      openDeadlineMs: this.#calls.deadlineMs,
      log: this.#options.log,
    });
    const stop = (): void => watch.stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#watches.add(watch);
    // Whoever read it before may be waiting for this watch to come to it (S11).
    if (this.#lastNewest !== undefined) watch.noteNewest(this.#lastNewest);
    try {
      yield* watch.batches();
    } finally {
      signal.removeEventListener('abort', stop);
      this.#watches.delete(watch);
    }
  }

  async compact(revision: bigint): Promise<void> {
    this.#mustBeOpen('compact', `revision ${revision}`);
    const { client } = this.#calls;
    try {
      await this.#calls.read('compact', `revision ${revision}`, (deadline) =>
        client.kv.compact({ revision: String(revision) }, { deadline }),
      );
    } catch (error) {
      switch (failureOf(error)) {
        case 'compacted':
          return;
        case 'future':
          throw new RangeError(`revision ${revision} is still to come`);
        default:
          throw error;
      }
    }
  }

  async healthy(patienceMs = HEALTH_MS): Promise<boolean> {
    try {
      await this.answers(patienceMs);
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) watch.stop();
    await this.#compactor.stop();
    this.#calls.close();
  }

  async #readNewest(budgetMs = this.#calls.deadlineMs): Promise<Newest> {
    const request = { key: this.#layout.revisionKey };
    const answer = await this.#calls.read(
      'newest',
      'revision',
      (deadline) => this.#calls.kv.range(request, { deadline }),
      budgetMs,
    );
    const newest = { revision: BigInt(answer.header.revision), ours: BigInt(answer.kvs[0]?.mod_revision ?? 0) };
    this.#lastNewest = newest;
    for (const watch of this.#watches) watch.noteNewest(newest);
    return newest;
  }

  #compactionRecord(): CompactionRecord {
    const key = this.#layout.compactionKey;
    return {
      claim: async (version) => {
        const answer = await this.#calls.read('compact', 'record', (deadline) =>
          this.#calls.client.kv.txn(
            {
              compare: [{ key, target: 'Version', result: 'Equal', version: String(version) }],
              success: [{ request_put: { key, value: Buffer.from(String(this.#calls.newestSeen)) } }],
              failure: [{ request_range: { key } }],
            },
            { deadline },
          ),
        );
        const now = answer.succeeded ? version + 1n : BigInt(answer.responses[0]?.response_range.kvs[0]?.version ?? 0);
        return { won: answer.succeeded, version: now, revision: BigInt(answer.header.revision) };
      },
      compact: (revision) => this.compact(revision),
    };
  }

  #mustBeOpen(what: string, object: string): void {
    if (this.#closed) throw new StoreUnavailable(`${what} ${object}: the store is closed`);
  }
}
