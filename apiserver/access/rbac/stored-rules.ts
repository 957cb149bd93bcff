/**
 * The stored roles and bindings, as maps that authorization reads without waiting.
 *
 * Y1  The maps follow the cache's watch; when it ends they are filled anew from its state, and meanwhile show what stood.
 * Y2  Before they are filled for the first time every lookup throws: "not yet" must not look like "may not".
 * Y3  `close` ends the watch.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../../base/log.ts';
import { errors } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { Cache } from '../../../storage/cache/cache.ts';
import { placeOf, prefixOf } from '../../registry/keys.ts';
import type { Binding, Role, RulesSource } from './source.ts';

const group = 'rbac.authorization.k8s.io';
const resources = [
  { group, plural: 'roles', namespaced: true },
  { group, plural: 'rolebindings', namespaced: true },
  { group, plural: 'clusterroles', namespaced: false },
  { group, plural: 'clusterrolebindings', namespaced: false },
] as const;

type Table = Map<string, Map<string, KubernetesObject>>;

export class StoredRules implements RulesSource {
  readonly #cache: Cache<KubernetesObject, unknown>;
  readonly #logger: Logger;
  readonly #ending = new AbortController();
  /** By resource, then namespace ('' for cluster-scoped), then name. */
  readonly #tables = new Map<string, Table>(resources.map(({ plural }) => [plural, new Map()]));
  readonly #filled = new Set<string>();

  constructor(cache: Cache<KubernetesObject, unknown>, logger: Logger) {
    this.#cache = cache;
    this.#logger = logger;
  }

  start(): void {
    for (const resource of resources) void this.#follow(resource);
  }

  /** Why lookups cannot be answered yet, undefined when they can. */
  get unready(): string | undefined {
    return this.#filled.size === resources.length ? undefined : 'roles and bindings have not been read yet';
  }

  close(): void {
    this.#ending.abort();
  }

  clusterRole(name: string): Role | undefined {
    return this.#objects('clusterroles', '').get(name) as Role | undefined;
  }

  role(namespace: string, name: string): Role | undefined {
    return this.#objects('roles', namespace).get(name) as Role | undefined;
  }

  clusterRoleBindings(): Iterable<Binding> {
    return this.#objects('clusterrolebindings', '').values() as Iterable<unknown> as Iterable<Binding>;
  }

  roleBindings(namespace: string): Iterable<Binding> {
    return this.#objects('rolebindings', namespace).values() as Iterable<unknown> as Iterable<Binding>;
  }

  #objects(plural: string, namespace: string): Map<string, KubernetesObject> {
    if (this.unready !== undefined) throw errors.serviceUnavailable(this.unready, 1);
    return this.#tables.get(plural)?.get(namespace) ?? new Map();
  }

  async #follow(resource: (typeof resources)[number]): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#cache.synced(signal);
        const from = { kind: 'state', freshness: { kind: 'any' } } as const;
        const opening = await this.#cache.watch({ prefix: prefixOf(resource) }, from, { signal });
        if (opening.kind === 'open') {
          for await (const step of opening.watch) {
            if (step.kind === 'state') this.#fill(resource, step.items);
            else if (step.kind === 'events')
              for (const { key, item } of step.events) this.#put(resource, key, item?.object);
          }
        }
      } catch (err) {
        if (signal.aborted) return;
        this.#logger.warn({ err, resource: resource.plural }, 'following roles and bindings failed, trying again');
      }
      await delay(500, undefined, { signal }).catch(() => {});
    }
  }

  #fill(resource: (typeof resources)[number], items: readonly { key: string; object: KubernetesObject }[]): void {
    this.#tables.set(resource.plural, new Map());
    for (const { key, object } of items) this.#put(resource, key, object);
    this.#filled.add(resource.plural);
  }

  #put(resource: (typeof resources)[number], key: string, object: KubernetesObject | undefined): void {
    const table = this.#tables.get(resource.plural);
    const { namespace, name } = placeOf(resource, key);
    let members = table?.get(namespace);
    if (members === undefined) {
      members = new Map();
      table?.set(namespace, members);
    }
    if (object !== undefined) members.set(name, object);
    else {
      members.delete(name);
      if (members.size === 0) table?.delete(namespace);
    }
  }
}
