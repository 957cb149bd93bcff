import type { Store } from '../../storage/store.ts';
import { type AdmissionChain, admitEverything } from '../admission/request.ts';
import { type Admission, nameOfKey, type ObjectCache, type Schema } from './core.ts';
import type { Foreseen } from './foreseen.ts';
import { createNamespaceLifecycle, type NamespaceLifecycle, storedNamespaces } from './namespace-lifecycle.ts';
import type { ResourceDefinition } from './resource.ts';
import { createResourceStore, type ResourceStore } from './store.ts';

/** All resources that are served, each with its store (none for create-only kinds). */
export interface Registry {
  readonly definitions: readonly ResourceDefinition[];
  readonly admission: AdmissionChain;
  find(group: string, version: string, plural: string): ServedResource | undefined;
  readonly schemaFor: (group: string, version: string, kind: string) => Schema | undefined;
  /** For code that knows that the resource is served; throws otherwise. */
  store(group: string, plural: string): ResourceStore;
}

export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly schema: Schema | undefined;
  /** Undefined for kinds that are answered and not stored. */
  readonly store: ResourceStore | undefined;
}

export interface RegistryParts {
  readonly definitions: readonly ResourceDefinition[];
  readonly store: Store;
  readonly cache: ObjectCache;
  /** The one that the cache's codec asks. */
  readonly foreseen: Foreseen;
  readonly schemaFor: Registry['schemaFor'];
  /** Rules that depend on who writes what; absent = none. */
  readonly admit?: Admission;
  /** The host cluster's rules; absent = there is no host cluster. */
  readonly admission?: AdmissionChain;
  /** The host cluster's namespaces, where it keeps them. */
  readonly namespaces?: NamespaceLifecycle;
  readonly now?: () => Date;
}

export function createRegistry(parts: RegistryParts): Registry {
  const { definitions, store, cache, foreseen, schemaFor } = parts;
  const now = parts.now ?? (() => new Date());
  const embedded = definitions.some(({ group, plural }) => group === '' && plural === 'namespaces');
  const lifecycle = embedded ? createNamespaceLifecycle(storedNamespaces(store, cache)) : parts.namespaces;
  const admission = parts.admission ?? admitEverything;
  const served = new Map<string, ServedResource>();
  const stores = new Map<string, ResourceStore>();
  for (const definition of definitions) {
    const { group, version, plural, kind, namespaced } = definition;
    const schema = schemaFor(group, version, kind);
    const resource = isStored(definition)
      ? createResourceStore({
          definition,
          store,
          cache,
          foreseen,
          schema,
          namespaces: namespaced ? lifecycle : undefined,
          admit: parts.admit ?? (() => undefined),
          admission,
          now,
          nameOf: nameOfKey(definition),
        })
      : undefined;
    served.set(`${group}/${version}/${plural}`, { definition, schema, store: resource });
    if (resource !== undefined) stores.set(`${group}/${plural}`, resource);
  }
  return {
    definitions,
    admission,
    schemaFor,
    find: (group, version, plural) => served.get(`${group}/${version}/${plural}`),
    store(group, plural) {
      const found = stores.get(`${group}/${plural}`);
      if (found === undefined) throw new Error(`no store for ${plural}.${group}`);
      return found;
    },
  };
}

/** Kinds with a verb besides create are stored; an access review is not. */
export function isStored(definition: ResourceDefinition): boolean {
  return definition.verbs.some((verb) => verb !== 'create');
}
