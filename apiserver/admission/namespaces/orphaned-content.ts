/**
 * Empties namespaces that the host cluster no longer has.
 *
 * Its namespace controller empties a namespace before it goes, through our API. Content is left behind when that could
 * not be: the finalizer was taken away by force, the APIService was gone for a while, or an object was made in the last
 * moment. In a later namespace of the same name it would stand there again, in the hands of somebody else.
 *
 * O1  A namespace counts as gone only when the cluster itself answers that it is not found; a copy that does not have it,
 *     or a cluster that cannot be asked, proves nothing.
 * O2  When a namespace was made anew under the same name, what is older than the new one goes; clocks may differ by 30 s.
 * O3  Objects are deleted as anybody would delete them: finalizers are kept, so machines are shut down in order.
 * O4  It looks when a namespace goes, and every five minutes; one look at a time, and none after `close`.
 */
import type { Logger } from '../../../base/log.ts';
import type { Namespace } from '../../../openapi/api.ts';
import type { Informer } from '../../../openapi/client/informer.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { internalWrite } from '../../registry/internal-write.ts';
import type { ObjectItem } from '../../registry/list.ts';
import type { NamespaceSource } from '../../registry/namespace-lifecycle.ts';
import type { ResourceStore } from '../../registry/store.ts';

export interface OrphanedContentParts {
  readonly namespaces: Informer<Namespace>;
  /** Looks at the cluster itself for what the informer does not have. */
  readonly source: NamespaceSource;
  /** Of all namespaced resources of ours. */
  readonly stores: readonly ResourceStore[];
  readonly logger: Logger;
  /** Milliseconds between two looks; 300,000. */
  readonly everyMs?: number;
  /** Milliseconds after which a namespace that went is looked for; 1,000. */
  readonly settleMs?: number;
}

const CLOCK_SKEW_MS = 30_000;

export class OrphanedContent {
  readonly #parts: OrphanedContentParts;
  readonly #end = new AbortController();
  /** The uid of each namespace as it was seen last. */
  readonly #seen = new Map<string, string>();
  /** Namespaces that were made anew (O2). */
  readonly #renewed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;
  #again = false;
  #stopWatching: () => void = () => undefined;

  constructor(parts: OrphanedContentParts) {
    this.#parts = parts;
  }

  start(): void {
    const { namespaces, settleMs = 1_000 } = this.#parts;
    this.#stopWatching = namespaces.onKey((name) => {
      const uid = namespaces.get(name)?.metadata.uid;
      const before = this.#seen.get(name);
      // Kept until its content is gone: the next namespace of this name may come before that.
      if (uid !== undefined) this.#seen.set(name, uid);
      if (uid !== undefined && (before === undefined || before === uid)) return;
      if (uid !== undefined) this.#renewed.add(name);
      this.#schedule(settleMs);
    });
    this.#schedule(settleMs);
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.#end.abort();
    clearTimeout(this.#timer);
    await this.#look;
  }

  #schedule(ms: number): void {
    if (this.#end.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), ms);
    this.#timer.unref();
  }

  #start(): void {
    if (this.#look !== undefined) {
      this.#again = true;
      return;
    }
    const { logger, everyMs = 300_000, settleMs = 1_000 } = this.#parts;
    this.#look = this.#sweep()
      .catch((err: unknown) => {
        if (!this.#end.signal.aborted) logger.warn({ err }, 'content of namespaces that are gone was not looked for');
      })
      .finally(() => {
        this.#look = undefined;
        this.#schedule(this.#again ? settleMs : everyMs);
        this.#again = false;
      });
  }

  async #sweep(): Promise<void> {
    const { namespaces, source, stores } = this.#parts;
    if (!namespaces.synced) await namespaces.whenSynced(this.#end.signal);
    const anew = new Set(this.#renewed);
    const content = new Map<string, { readonly store: ResourceStore; readonly item: ObjectItem }[]>();
    for (const store of stores) {
      for (const item of await itemsOf(store)) {
        const { 'metadata.namespace': namespace = '' } = item.summary.fields;
        const list = content.get(namespace);
        if (list === undefined) content.set(namespace, [{ store, item }]);
        else list.push({ store, item });
      }
    }
    for (const [namespace, objects] of content) {
      this.#end.signal.throwIfAborted();
      const renewed = anew.has(namespace);
      if (!renewed && namespaces.get(namespace) !== undefined) continue;
      // O1
      const found = await source.read(namespace);
      const since = found === undefined ? Number.POSITIVE_INFINITY : renewed ? createdAt(found.metadata) : 0;
      const left = objects.filter(({ item }) => createdAt(item.object.metadata) < since - CLOCK_SKEW_MS);
      await this.#remove(namespace, left);
    }
    for (const name of anew) this.#renewed.delete(name);
    for (const name of this.#seen.keys()) if (namespaces.get(name) === undefined) this.#seen.delete(name);
  }

  async #remove(namespace: string, objects: readonly { store: ResourceStore; item: ObjectItem }[]): Promise<void> {
    let removed = 0;
    for (const { store, item } of objects) {
      const { name = '', uid, deletionTimestamp } = item.object.metadata;
      if (deletionTimestamp) continue;
      const context = internalWrite(store.core.definition, 'delete', this.#end.signal);
      const preconditions = uid === undefined ? {} : { uid };
      try {
        await store.delete(name, context, { namespace, dryRun: false, propagation: 'Background', preconditions });
        removed += 1;
      } catch (error) {
        if (!isError(error, 'notFound') && !isError(error, 'conflict')) throw error;
      }
    }
    if (removed === 0) return;
    this.#parts.logger.warn({ namespace, removed }, 'objects were left in a namespace that is gone, and are deleted');
  }
}

function itemsOf(store: ResourceStore): Promise<readonly ObjectItem[]> {
  const selection = { everything: true, name: undefined, matches: () => true };
  return store
    .list({ namespace: '', show: { kind: 'any' }, limit: 0, after: '', selection })
    .then(({ items }) => items);
}

const createdAt = ({ creationTimestamp }: { readonly creationTimestamp?: string | null }) =>
  creationTimestamp ? Date.parse(creationTimestamp) : 0;
