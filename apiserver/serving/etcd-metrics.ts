import { DURATION_BUCKETS, type Metrics } from '../../base/metrics.ts';
import type { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { ETCD_OPERATIONS, type EtcdOptions } from '../../storage/etcd/options.ts';

const shape = ['operation', 'group', 'resource'] as const;
type Label = (typeof shape)[number];

/** Calls to etcd, by names and labels of kube-apiserver. */
export function etcdMetrics(metrics: Metrics): NonNullable<EtcdOptions['observe']> {
  const labels = { operation: [...ETCD_OPERATIONS], group: [''], resource: [''] };
  const duration = metrics.histogram<Label>({
    name: 'etcd_request_duration_seconds',
    help: 'Seconds of calls to etcd.',
    labels,
    buckets: DURATION_BUCKETS,
  });
  const requests = metrics.counter<Label>({ name: 'etcd_requests_total', help: 'Calls to etcd.', labels });
  const failures = metrics.counter<Label>({
    name: 'etcd_request_errors_total',
    help: 'Calls to etcd that failed.',
    labels,
  });
  return (operation, key, seconds, ok) => {
    const [, group = '', resource = ''] = /^\/registry\/([^/]+)\/([^/]+)\//.exec(key) ?? [];
    const of = { operation, group: group === 'core' ? '' : group, resource };
    duration.observe(of, seconds);
    requests.inc(of);
    if (!ok) failures.inc(of);
  };
}

export function storeSize(metrics: Metrics, store: EtcdStore): void {
  metrics.gauge<'storage_cluster_id'>({
    name: 'apiserver_storage_size_bytes',
    help: "Bytes of etcd's database, as one of its members has it.",
    labels: { storage_cluster_id: [] },
    async collect() {
      const bytes = await store.size();
      const { clusterId } = store.seen ?? {};
      if (bytes === undefined || clusterId === undefined) this.reset();
      else this.set({ storage_cluster_id: clusterId }, bytes);
    },
  });
}
