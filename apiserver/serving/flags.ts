import { flag } from '../../base/flags.ts';

/** Flags that kube-apiserver has too are named as there. */
export const apiserverFlags = {
  'etcd-servers': flag.list({ about: 'etcd, as http:// or https:// URLs.', fallback: ['http://127.0.0.1:2379'] }),
  'etcd-prefix': flag.text({ about: 'All keys stand below this.', fallback: '/torpor.dev' }),
  'etcd-cafile': flag.file({ about: "Authority of etcd's certificate." }),
  'etcd-certfile': flag.file({ about: 'Client certificate for etcd.' }),
  'etcd-keyfile': flag.file({ about: 'Its key.' }),
  'bind-address': flag.text({ about: 'Address to serve on; 0.0.0.0 or :: for all.', fallback: '127.0.0.1' }),
  'secure-port': flag.integer({ about: 'Port to serve on.', fallback: 7443, min: 0, max: 65535 }),
  'cert-dir': flag.directory({ about: 'Authority and certificates; made at the first start.', required: true }),
  'tls-cert-file': flag.file({ about: 'Serving certificate, instead of one of our own authority.' }),
  'tls-private-key-file': flag.file({ about: 'Its key.' }),
  embedded: flag.toggle({ about: 'Work without Kubernetes: serve the core kinds, authorize by our own rules.' }),
  'kubeconfig-dir': flag.directory({
    about:
      'With --embedded: gets kubeconfig (the administrator), kubeconfigs/reconcilers and kubeconfigs/launcher-NODE.',
  }),
  'node-name': flag.text({ about: 'With --embedded: name of this node; its launcher gets a certificate.' }),
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
  'shutdown-delay-duration': flag.duration({
    about: 'Time between failing /readyz and closing connections, for load balancers.',
    fallback: 0,
  }),
};
