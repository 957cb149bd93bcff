import type { Namespace } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { type ApiObject, type Resource, resources } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import { again, done, type Outcome, type ReconcileContext } from '../engine/reconcile.ts';

/**
 * Empties namespaces that are deleted (embedded mode; Kubernetes has its own controller).
 *
 * N1  Nothing can be made in a terminating namespace any more, so the content only shrinks.
 * N2  The finalizer goes only when every kind was listed without an error and nothing was left: an answer that failed is
 *     never read as "nothing there".
 * N3  What is left and why is written to the namespace's conditions, once per change.
 */
export interface NamespaceControllerParts {
  readonly client: Client;
  readonly namespaces: Informer<Namespace>;
  readonly now?: () => Date;
}

const FINALIZER = 'kubernetes';
const LOOK_AGAIN_MS = 1000;

/** Pools and machines first: machines hold claims. */
const contents: readonly Resource<ApiObject>[] = Object.values(resources).filter(({ namespaced }) => namespaced);

interface Remains {
  readonly plural: string;
  readonly count: number;
  readonly finalizers: ReadonlyMap<string, number>;
}

export class NamespaceController {
  readonly #parts: NamespaceControllerParts;

  constructor(parts: NamespaceControllerParts) {
    this.#parts = parts;
  }

  readonly reconcile = async (name: string, { signal, log }: ReconcileContext): Promise<Outcome> => {
    const cached = this.#parts.namespaces.get(name);
    if (!cached?.metadata.deletionTimestamp || !cached.spec?.finalizers?.includes(FINALIZER)) return done;
    const remains: Remains[] = [];
    for (const resource of contents) {
      const found = await this.#empty(resource, name, signal);
      if (found.count > 0) remains.push(found);
    }
    try {
      const namespace = await this.#parts.client.get(resources.namespaces, { name }, { signal });
      if (remains.length > 0) {
        await this.#explain(namespace, remains, signal);
        return again(LOOK_AGAIN_MS);
      }
      const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
      await this.#parts.client.updateSubresource(
        resources.namespaces,
        { ...namespace, spec: { ...namespace.spec, finalizers } },
        'finalize',
        { signal },
      );
    } catch (error) {
      if (!isError(error, 'notFound')) throw error;
    }
    log.info('namespace is empty and gone');
    return done;
  };

  /** N2: an error ends the whole attempt. */
  async #empty(resource: Resource<ApiObject>, namespace: string, signal: AbortSignal): Promise<Remains> {
    const before = await this.#parts.client.list(resource, { namespace, limit: 1, signal });
    const finalizers = new Map<string, number>();
    if (before.items.length === 0) return { plural: resource.plural, count: 0, finalizers };
    await this.#parts.client.deleteCollection(resource, { namespace, signal });
    const { items } = await this.#parts.client.list(resource, { namespace, signal });
    for (const finalizer of items.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
    }
    return { plural: resource.plural, count: items.length, finalizers };
  }

  /** N3, in the words of Kubernetes' own controller. */
  async #explain(namespace: Namespace, remains: readonly Remains[], signal: AbortSignal): Promise<void> {
    const content = remains.map(({ plural, count }) => `${plural} has ${count} resource instances`).join(', ');
    const held = new Map<string, number>();
    for (const { finalizers } of remains) {
      for (const [name, count] of finalizers) held.set(name, (held.get(name) ?? 0) + count);
    }
    const waiting = [...held].map(([name, count]) => `${name} in ${count} resource instances`).join(', ');
    const wanted = [
      condition('NamespaceContentRemaining', 'SomeResourcesRemain', `Some resources are remaining: ${content}`),
      ...(waiting
        ? [
            condition(
              'NamespaceFinalizersRemaining',
              'SomeFinalizersRemain',
              `Some content in the namespace has finalizers remaining: ${waiting}`,
            ),
          ]
        : []),
    ];
    const before = namespace.status?.conditions ?? [];
    const same = wanted.every((one) =>
      before.some(({ type, message }) => type === one.type && message === one.message),
    );
    if (same) return;
    const now = (this.#parts.now ?? (() => new Date()))()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const conditions = [
      ...before.filter(({ type }) => !wanted.some((one) => one.type === type)),
      ...wanted.map((one) => ({ ...one, lastTransitionTime: now })),
    ];
    await this.#parts.client.updateStatus(
      resources.namespaces,
      { ...namespace, status: { ...namespace.status, conditions } },
      { signal },
    );
  }
}

function condition(type: string, reason: string, message: string) {
  return { type, status: 'True', reason, message };
}
