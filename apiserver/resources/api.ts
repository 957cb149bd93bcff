import type { Logger } from '../../base/log.ts';
import type { Host } from '../../openapi/api.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { schemaFor } from '../../openapi/schema/schema.ts';
import { WatchCache } from '../../storage/cache/watch-cache.ts';
import { type Store, StoreUnavailable } from '../../storage/store.ts';
import type { AdmissionChain } from '../admission/request.ts';
import { createCacheCodec } from '../registry/cache-codec.ts';
import type { Admission, ObjectCache, Summary } from '../registry/core.ts';
import { Foreseen } from '../registry/foreseen.ts';
import { keyOf } from '../registry/keys.ts';
import type { NamespaceLifecycle } from '../registry/namespace-lifecycle.ts';
import { createRegistry, type Registry } from '../registry/registry.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import { createDispatch, createStreamLookup, type Dispatch } from '../verbs/dispatch.ts';
import { standardWatchSettings, type WatchSettings } from '../verbs/watch-settings.ts';
import { allResources } from './all.ts';
import { expireEvents } from './events/expiry.ts';
import type { HostParts } from './hosts/definition.ts';
import { makeStandingNamespaces } from './namespaces/standing.ts';
import { makeStandingRoles } from './rbac/standing.ts';
import type { ReviewAnswers } from './reviews/definition.ts';
import type { VirtualMachineParts } from './virtualmachines/definition.ts';

/**
 * What the resources need from outside. The functions are called only while requests are served, so they may refer to
 * parts that are made from this API's cache afterwards.
 */
export interface ApiParts {
  readonly store: Store;
  readonly log: Logger;
  /** Serves the kinds of Kubernetes that machines refer to as well. */
  readonly embedded: boolean;
  readonly reviews: ReviewAnswers;
  /** Rules that depend on who writes what (launchers, roles). */
  readonly admit: Admission;
  /** The host cluster's rules and namespaces; absent = there is no host cluster. */
  readonly host?: { readonly admission: AdmissionChain; readonly namespaces: NamespaceLifecycle };
  /** Values of this moment, merged into the caller's own copy. */
  readonly live: { mergeMachine(object: KubernetesObject): void; mergeHost(object: KubernetesObject): void };
  readonly openStream: VirtualMachineParts['openStream'];
  readonly receiveLive: HostParts['receiveLive'];
  readonly watch?: Partial<WatchSettings> & { readonly historyEvents?: number };
  readonly now?: () => Date;
}

export interface Api {
  readonly definitions: readonly ResourceDefinition[];
  readonly registry: Registry;
  readonly cache: ObjectCache;
  readonly dispatch: Dispatch;
  readonly streamOf: ReturnType<typeof createStreamLookup>;
  /** The newest state of a host; undefined when there is none. */
  hostOf(name: string): Promise<Host | undefined>;
  /** Resolves when requests can be served: the cache is in sync and the standing objects exist. */
  start(signal: AbortSignal): Promise<void>;
  /** Ends watches and timers; the store stays open. */
  close(): Promise<void>;
}

const EXPIRE_EVERY_MS = 10 * 60_000;

/** Everything from the parsed, permitted request down to the store. */
export function createApi(parts: ApiParts): Api {
  const { store, log, embedded } = parts;
  const now = parts.now ?? (() => new Date());
  const hostOf = async (name: string): Promise<Host | undefined> => {
    const found = await cache.get(keyOf(HOSTS, '', name), { kind: 'newest' });
    return found.kind === 'found' ? (found.item.object as unknown as Host) : undefined;
  };
  const definitions = allResources({
    machines: {
      store,
      now,
      hostOf,
      mergeLive: (object) => parts.live.mergeMachine(object),
      machines: () => registry.store('torpor.dev', 'virtualmachines'),
      openStream: parts.openStream,
    },
    hosts: { mergeLive: (object) => parts.live.mergeHost(object), receiveLive: parts.receiveLive },
    embedded: embedded ? { reviews: parts.reviews } : undefined,
  });
  const windowEvents = parts.watch?.historyEvents;
  const foreseen = new Foreseen();
  const cache = new WatchCache<KubernetesObject, Summary>({
    store,
    codec: createCacheCodec(definitions, foreseen),
    log,
    ...(windowEvents === undefined ? {} : { windowEvents }),
  });
  const registry = createRegistry({
    definitions,
    store,
    cache,
    foreseen,
    schemaFor,
    admit: parts.admit,
    ...parts.host,
    now,
  });
  const watchSettings: WatchSettings = { ...standardWatchSettings, ...parts.watch };
  const stop = new AbortController();
  let expiry: NodeJS.Timeout | undefined;
  return {
    definitions,
    registry,
    cache,
    dispatch: createDispatch(registry, watchSettings),
    streamOf: createStreamLookup(registry, watchSettings),
    hostOf,
    async start(signal) {
      cache.start();
      await cache.synced(signal);
      if (!embedded) return;
      await makeStandingNamespaces(registry.store('', 'namespaces'), signal);
      const rbac = (plural: string) => registry.store('rbac.authorization.k8s.io', plural);
      await makeStandingRoles(rbac('clusterroles'), rbac('clusterrolebindings'), signal);
      const events = registry.store('', 'events');
      expiry = setInterval(() => {
        expireEvents(events, now(), stop.signal).catch((err: unknown) => {
          // The next round finds what this one left.
          if (!stop.signal.aborted && !(err instanceof StoreUnavailable)) log.warn({ err }, 'events were not expired');
        });
      }, EXPIRE_EVERY_MS);
      expiry.unref();
    },
    async close() {
      clearInterval(expiry);
      stop.abort();
      await cache.close();
    },
  };
}

const HOSTS = { group: 'torpor.dev', plural: 'hosts', namespaced: false } as const;
