import { built, type Section } from './item.ts';

/** Health, metrics, version. */
export const health: Section = {
  H1: built('/healthz, /livez and /readyz: ok, ?verbose, ?exclude, one check alone, reasons only for who may ask.'),
  H2: built(
    'Checks by the names of kube-apiserver: ping, etcd, etcd-readiness, informer-sync, poststarthook, shutdown.',
  ),
  H3: built('/version, the list of paths at /, /metrics for those who may.'),
  H4: built('Metrics by the names, labels, verbs and buckets of kube-apiserver.'),
  H5: built('Dashboards of kube-apiserver find their names and labels.'),
};
