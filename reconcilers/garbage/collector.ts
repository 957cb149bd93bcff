import { sleep } from '../../base/backoff.ts';
import type { Logger } from '../../base/log.ts';
import type { Client } from '../../openapi/client/client.ts';
import { type ApiObject, apiVersionOf, type Resource, resources } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import type { OwnerReference } from '../../openapi/machinery/object.ts';
import { type Action, type Item, plan, type Suspect } from './plan.ts';

/**
 * Carries out what follows from owner references, in embedded mode (Kubernetes has its own garbage collector).
 *
 * K1  A sweep lists metadata only, and acts only when every kind was listed: an answer that failed is not "nothing".
 * K2  Before anything is deleted for want of an owner, the owner is looked for by name once more (plan.ts G3), and the
 *     deletion carries the uid that was seen.
 * K3  One sweep at a time: every `everyMs`, and shortly after `poke`. A sweep that did something is followed by another.
 */
export interface CollectorParts {
  readonly client: Client;
  readonly log: Logger;
  /** Milliseconds; 30,000. */
  readonly everyMs?: number;
}

const SOON_MS = 200;
/** Events own nothing and end by themselves; cluster-wide access rules are nobody's dependents. */
const left: readonly Resource<ApiObject>[] = [resources.events, resources.clusterRoles, resources.clusterRoleBindings];
const kinds: readonly Resource<ApiObject>[] = Object.values(resources).filter((resource) => !left.includes(resource));

const served = ({ apiVersion, kind }: OwnerReference): Resource<ApiObject> | undefined =>
  kinds.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);

export class GarbageCollector {
  readonly #parts: CollectorParts;
  readonly #end = new AbortController();
  #loop: Promise<void> | undefined;
  #wake: AbortController = new AbortController();

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort(new Error('the garbage collector is stopping'));
    this.#wake.abort();
    await this.#loop;
  }

  /** Something that may own others is gone or going. */
  poke(): void {
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      let acted = 0;
      try {
        acted = await this.sweep(signal);
      } catch (error) {
        if (!signal.aborted) this.#parts.log.warn({ err: error }, 'garbage could not be collected, trying again');
      }
      if (signal.aborted) return;
      if (acted === 0) {
        await sleep(this.#parts.everyMs ?? 30_000, this.#wake.signal).catch(() => undefined);
        this.#wake = new AbortController();
      }
      await sleep(SOON_MS, signal).catch(() => undefined);
    }
  }

  /** One sweep; how many actions took effect. */
  async sweep(signal: AbortSignal): Promise<number> {
    const items: Item[] = [];
    for (const resource of kinds) {
      const list = await this.#parts.client.list(resource, { metadataOnly: true, signal });
      for (const { metadata } of list.items) items.push({ resource, metadata });
    }
    let acted = 0;
    for (const action of plan(items, served)) {
      try {
        if (await this.#act(action, signal)) acted++;
      } catch (error) {
        signal.throwIfAborted();
        // Changed or gone since: the next sweep sees it as it is.
        if (isError(error, 'conflict') || isError(error, 'notFound')) continue;
        const { resource, metadata } = action.item;
        const subject = { resource: resource.plural, namespace: metadata.namespace, name: metadata.name };
        this.#parts.log.warn(
          { err: error, ...subject, action: action.kind },
          'an owner reference could not be followed',
        );
      }
    }
    return acted;
  }

  async #act(action: Action, signal: AbortSignal): Promise<boolean> {
    const { resource, metadata } = action.item;
    const { namespace, name = '', uid = '', resourceVersion = '' } = metadata;
    const at = { namespace, name };
    switch (action.kind) {
      case 'delete': {
        if (!(await this.#areGone(action.suspects, signal))) return false;
        // With the revision too: an owner that was added meanwhile must count.
        const options = { uid, resourceVersion, propagationPolicy: action.policy, signal };
        await this.#parts.client.delete(resource, at, options);
        this.#parts.log.info({ resource: resource.plural, namespace, name }, 'deleted with its owner');
        return true;
      }
      case 'drop-owners': {
        if (!(await this.#areGone(action.suspects, signal))) return false;
        const ownerReferences = (metadata.ownerReferences ?? []).filter((one) => !action.uids.includes(one.uid));
        const patch = { metadata: { uid, resourceVersion, ownerReferences } };
        await this.#parts.client.patch(resource, at, patch, { signal });
        return true;
      }
      case 'remove-finalizer': {
        const finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== action.finalizer);
        await this.#parts.client.patch(resource, at, { metadata: { uid, resourceVersion, finalizers } }, { signal });
        return true;
      }
      default:
        action satisfies never;
        return false;
    }
  }

  /** K2. */
  async #areGone(suspects: readonly Suspect[], signal: AbortSignal): Promise<boolean> {
    for (const { resource, namespace, name, uid } of suspects) {
      const fieldSelector = `metadata.name=${name}`;
      const { items } = await this.#parts.client.list(resource, {
        namespace,
        fieldSelector,
        metadataOnly: true,
        signal,
      });
      if (items.some(({ metadata }) => metadata.uid === uid)) return false;
    }
    return true;
  }
}
