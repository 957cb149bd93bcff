import type { Metrics } from '../../base/metrics.ts';
import type { ObjectCache } from '../registry/core.ts';
import { prefixOf } from '../registry/keys.ts';
import { isStored } from '../registry/registry.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { WatchSettings } from '../verbs/watch-settings.ts';

type Label = 'group' | 'resource';

/** What the watch cache holds, by names and labels of kube-apiserver. */
export function storageMetrics(
  metrics: Metrics,
  api: { readonly definitions: readonly ResourceDefinition[]; readonly cache: ObjectCache },
): void {
  const stored = api.definitions.filter(isStored);
  const dotted = ({ group, plural }: ResourceDefinition) => (group === '' ? plural : `${plural}.${group}`);
  metrics.gauge<'resource'>({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by resource; apiserver_resource_objects has the group apart.',
    labels: { resource: [] },
    collect() {
      for (const one of stored) this.set({ resource: dotted(one) }, api.cache.count(prefixOf(one)));
    },
  });
  metrics.gauge<Label>({
    name: 'apiserver_resource_objects',
    help: 'Stored objects by group and resource.',
    labels: { group: [], resource: [] },
    collect() {
      for (const one of stored) {
        this.set({ group: one.group, resource: one.plural }, api.cache.count(prefixOf(one)));
      }
    },
  });
  metrics.gauge<Label>({
    name: 'apiserver_watch_cache_resource_version',
    help: 'The revision that the watch cache shows; one for all resources.',
    labels: { group: [], resource: [] },
    collect() {
      for (const { group, plural } of stored) this.set({ group, resource: plural }, Number(api.cache.revision));
    },
  });
}

/** Events that go out to watchers, by names and labels of kube-apiserver. */
export function watchMetrics(metrics: Metrics): Pick<WatchSettings, 'onEvent' | 'onSlow'> {
  const labels = { group: [], version: [], resource: [] };
  const events = metrics.counter<Label | 'version'>({
    name: 'apiserver_watch_events_total',
    help: 'Events sent to watchers.',
    labels,
  });
  const sizes = metrics.histogram<Label | 'version'>({
    name: 'apiserver_watch_events_sizes',
    help: 'Bytes of events sent to watchers.',
    labels,
    buckets: [1, 2, 4, 8, 16, 32, 64, 128].map((kibibytes) => kibibytes * 1024),
  });
  const terminated = metrics.counter<Label>({
    name: 'apiserver_terminated_watchers_total',
    help: 'Watchers that were ended because they did not read.',
    labels: { group: [], resource: [] },
  });
  return {
    onEvent({ group, version, plural }, bytes) {
      const of = { group, version, resource: plural };
      events.inc(of);
      sizes.observe(of, bytes);
    },
    onSlow: ({ group, plural }) => terminated.inc({ group, resource: plural }),
  };
}
