import { flag } from '../../base/flags.ts';

/** Flags that kube-apiserver has too are named, and mean, as there. A flag stands in the group under whose heading --help shows it. */
const etcd = {
  'etcd-servers': flag.list({ about: 'etcd, as http:// or https:// URLs.', fallback: ['http://127.0.0.1:2379'] }),
  'etcd-prefix': flag.text({ about: 'All keys stand below this.', fallback: '/torpor.dev' }),
  'etcd-cafile': flag.file({ about: "Authority of etcd's certificate." }),
  'etcd-certfile': flag.file({ about: 'Client certificate for etcd.' }),
  'etcd-keyfile': flag.file({ about: 'Its key.' }),
  'etcd-compaction-interval': flag.duration({
    about: 'Time between two compactions of etcd, by one of all replicas; 0s = never.',
    fallback: 300_000,
  }),
  'etcd-healthcheck-timeout': flag.duration({ about: 'Time for the check "etcd".', fallback: 2_000 }),
  'etcd-readycheck-timeout': flag.duration({ about: 'Time for the check "etcd-readiness".', fallback: 2_000 }),
  'etcd-restored': flag.toggle({
    about:
      'For one start after etcd was restored from a backup or replaced: takes it as the store, and moves its revision above all that clients may know. Without this such an etcd is not served.',
  }),
  'default-watch-cache-size': flag.integer({
    about: 'Changes that are kept as history for watches.',
    fallback: 10_000,
    min: 100,
  }),
};

const serving = {
  'bind-address': flag.text({ about: 'Address to serve on; 0.0.0.0 or :: for all.', fallback: '127.0.0.1' }),
  'secure-port': flag.integer({ about: 'Port to serve on.', fallback: 7443, min: 0, max: 65535 }),
  'cert-dir': flag.directory({ about: 'Authority and certificates; made at the first start.', required: true }),
  'tls-cert-file': flag.file({ about: 'Serving certificate, instead of one of our own authority.' }),
  'tls-private-key-file': flag.file({ about: 'Its key.' }),
  'tls-min-version': flag.choice(['VersionTLS12', 'VersionTLS13'], {
    about: 'Oldest version of TLS that is spoken.',
    fallback: 'VersionTLS12',
  }),
};

const requests = {
  'max-requests-inflight': flag.integer({ about: 'Reads worked on at once; 0 = any number.', fallback: 400, min: 0 }),
  'max-mutating-requests-inflight': flag.integer({
    about: 'Writes worked on at once; 0 = any number.',
    fallback: 200,
    min: 0,
  }),
  'request-timeout': flag.duration({
    about: 'Longest time for a request that is no watch or stream.',
    fallback: 60_000,
  }),
  'min-request-timeout': flag.integer({
    about: 'Seconds that a watch lasts which asks for no time itself; at random up to twice as long.',
    fallback: 1_800,
    min: 1,
    max: 1_000_000,
  }),
  'shutdown-delay-duration': flag.duration({
    about: 'Time between failing /readyz and closing connections, for load balancers.',
    fallback: 0,
  }),
};

const authentication = {
  'client-ca-file': flag.file({ about: 'Further authorities of client certificates (user = CN, groups = O).' }),
  'requestheader-client-ca-file': flag.file({ about: "Authorities of the front proxy's certificate." }),
  'requestheader-allowed-names': flag.list({ about: 'Common names that the front proxy may have; empty = any.' }),
  'requestheader-username-headers': flag.list({ about: 'Headers with the user.', fallback: ['X-Remote-User'] }),
  'requestheader-uid-headers': flag.list({ about: "Headers with the user's UID." }),
  'requestheader-group-headers': flag.list({ about: 'Headers with the groups.', fallback: ['X-Remote-Group'] }),
  'requestheader-extra-headers-prefix': flag.list({
    about: 'Prefixes of headers with extra values.',
    fallback: ['X-Remote-Extra-'],
  }),
  'anonymous-auth': flag.toggle({ about: 'Serve requests without credentials as system:anonymous.', fallback: true }),
  'authentication-kubeconfig': flag.file({ about: 'As --kubeconfig, for questions about callers alone.' }),
  'authentication-skip-lookup': flag.toggle({
    about: 'Take authorities from flags alone, not from kube-system/extension-apiserver-authentication.',
  }),
  'authentication-token-webhook-cache-ttl': flag.duration({
    about: 'How long it is remembered whose a token is.',
    fallback: 10_000,
  }),
};

const authorization = {
  'authorization-kubeconfig': flag.file({ about: 'As --kubeconfig, for SubjectAccessReviews alone.' }),
  'authorization-webhook-cache-authorized-ttl': flag.duration({
    about: 'How long it is remembered that somebody may do something.',
    fallback: 10_000,
  }),
  'authorization-webhook-cache-unauthorized-ttl': flag.duration({
    about: 'How long it is remembered that somebody may not.',
    fallback: 10_000,
  }),
  'authorization-always-allow-paths': flag.list({
    about: 'Paths that everybody may get; a * at the end stands for the rest.',
    fallback: ['/healthz', '/livez', '/readyz'],
  }),
};

const auditing = {
  'audit-policy-file': flag.file({ about: 'Which requests are written down, and how much of each (audit.k8s.io/v1).' }),
  'audit-log-path': flag.file({ about: 'Where to; - = standard output.' }),
  'audit-log-maxsize': flag.integer({
    about: 'Megabytes above which a new file is begun; 0 = never.',
    fallback: 100,
    min: 0,
  }),
  'audit-log-maxbackup': flag.integer({ about: 'Older files that are kept; 0 = all.', fallback: 0, min: 0 }),
  'audit-log-maxage': flag.integer({ about: 'Days that older files are kept; 0 = for ever.', fallback: 0, min: 0 }),
};

const cluster = {
  kubeconfig: flag.file({ about: 'How to reach the host cluster; absent = as the service account of this pod.' }),
  'host-service-routing': flag.choice(['auto', 'cluster-ip', 'endpoints'], {
    about:
      "How webhooks that are Services are reached; auto = in a pod by cluster IP, elsewhere by their endpoints' addresses.",
    fallback: 'auto',
  }),
};

const embedded = {
  embedded: flag.toggle({ about: 'Work without Kubernetes: serve the core kinds, authorize by our own rules.' }),
  'kubeconfig-dir': flag.directory({
    about:
      'Gets kubeconfig (the administrator), kubeconfigs/reconcilers and kubeconfigs/launcher-NODE, for direct access.',
  }),
  'node-name': flag.text({ about: 'With --kubeconfig-dir: name of this node; its launcher gets a certificate.' }),
};

export const apiserverFlags = {
  ...etcd,
  ...serving,
  ...requests,
  ...authentication,
  ...authorization,
  ...auditing,
  ...cluster,
  ...embedded,
};

export const apiserverSections: Readonly<Record<string, readonly string[]>> = {
  'Etcd flags': Object.keys(etcd),
  'Secure serving flags': Object.keys(serving),
  'Request flags': Object.keys(requests),
  'Authentication flags': Object.keys(authentication),
  'Authorization flags': Object.keys(authorization),
  'Auditing flags': Object.keys(auditing),
  'Host cluster flags': Object.keys(cluster),
  'Embedded flags': Object.keys(embedded),
};

const http1 = 'only HTTP/1.1 is served (docs/decisions/0035-http-1-alone.md)';

/** Flags of kube-apiserver that people may carry over, and why they mean nothing here. */
export const declinedFlags: Readonly<Record<string, string>> = {
  'goaway-chance': http1,
  'http2-max-streams-per-connection': http1,
  'disable-http2-serving': http1,
  'insecure-port': 'there is no port without TLS',
  'tls-cipher-suites': 'the suites of Node.js for the version that --tls-min-version asks for are served',
  'watch-cache': 'every read comes from the watch cache, which cannot be switched off',
  'watch-cache-sizes': 'all resources share one history; see --default-watch-cache-size',
  'storage-backend': 'the store is etcd',
  'storage-media-type': 'objects are stored as JSON',
  'etcd-servers-overrides': 'all objects stand in one etcd: one transaction may touch several',
  'enable-priority-and-fairness': 'requests above --max-requests-inflight are answered 429 and not queued',
  'audit-log-format': 'events are written as JSON',
  'audit-log-mode': 'events are queued in memory, and requests wait while the queue is full',
  'audit-log-batch-buffer-size': 'events are queued in memory, and requests wait while the queue is full',
  'audit-webhook-config-file': 'events are written to --audit-log-path alone',
  profiling: 'use Node.js: kill -USR1 and its inspector',
};
