import { errors, type GroupResource } from '../../openapi/machinery/errors.ts';
import type { ObjectMeta } from '../../openapi/machinery/object.ts';
import type { Store } from '../../storage/store.ts';
import { decodeObject } from './codec.ts';
import type { ObjectCache } from './core.ts';
import { keyOf } from './keys.ts';

/** New objects need a namespace that exists and stays; without this rule a namespace could never be emptied. */
export interface NamespaceLifecycle {
  /** @throws StatusError 404 when the namespace is missing, 403 with cause NamespaceTerminating when it is going. */
  checkCreate(resource: GroupResource, name: string, namespace: string): Promise<void>;
}

export interface StandingNamespace {
  readonly metadata: ObjectMeta;
  readonly status?: unknown;
}

/** Where the namespaces stand: among our own objects, or on the host cluster. */
export interface NamespaceSource {
  /** Undefined only when it was looked for where it would stand now, and is not there. */
  read(name: string): Promise<StandingNamespace | undefined>;
}

export const NAMESPACES = { group: '', plural: 'namespaces', namespaced: false } as const;

export function createNamespaceLifecycle(source: NamespaceSource): NamespaceLifecycle {
  return {
    async checkCreate(resource, name, namespace) {
      const found = await source.read(namespace);
      if (found === undefined) throw errors.notFound(NAMESPACES, namespace);
      const status = found.status as { phase?: string } | undefined;
      if (found.metadata.deletionTimestamp || status?.phase === 'Terminating') {
        throw errors.namespaceTerminating(resource, name, namespace);
      }
    },
  };
}

/** For a server that keeps the namespaces itself. */
export function storedNamespaces(store: Store, cache: ObjectCache): NamespaceSource {
  return {
    async read(name) {
      const key = keyOf(NAMESPACES, '', name);
      const cached = await cache.get(key, { kind: 'any' });
      if (cached.kind === 'found') return cached.item.object;
      // The cache may be behind a namespace that was made a moment ago.
      const { entry } = await store.get(key);
      return entry && decodeObject(entry.value, entry.revision);
    },
  };
}
