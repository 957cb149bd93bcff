import path from 'node:path';
import { ensureKeyPair, openAuthority } from '../../base/certificates/authority.ts';

/**
 * etcd holds every Secret and asks nobody for rights, so on loopback too it talks only to who has a certificate of an
 * authority of its own. It is another one than the API's: a launcher, a reconciler or an administrator has a certificate
 * as well and must not get past the API with it.
 */
export interface EtcdFiles {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  /** Of the API server, and of hack/up to see whether etcd answers. */
  readonly client: { readonly cert: string; readonly key: string };
}

/** Nobody but hack/up renews them, and a machine may run for years without it. */
const DAYS = 3650;

/** The directory with all keys of an installation; etcd's stand in one of their own below it. */
type WithKeys = { readonly pki: string };

const directoryOf = (home: WithKeys) => path.join(home.pki, 'etcd');

export function etcdFiles(home: WithKeys): EtcdFiles {
  const file = (name: string) => path.join(directoryOf(home), name);
  return {
    ca: file('ca.crt'),
    server: { cert: file('server.crt'), key: file('server.key') },
    client: { cert: file('client.crt'), key: file('client.key') },
  };
}

/** Makes what is missing or no longer fits. */
export async function ensureEtcdCertificates(home: WithKeys): Promise<void> {
  const directory = directoryOf(home);
  const authority = await openAuthority(directory, 'torpor-etcd-ca');
  const names = ['127.0.0.1', 'localhost'];
  const server = { subject: { commonName: 'torpor:etcd' }, usages: ['server', 'client'], names, days: DAYS } as const;
  const client = { subject: { commonName: 'torpor:etcd-client' }, usages: ['client'], days: DAYS } as const;
  await ensureKeyPair(directory, 'server', server, authority);
  await ensureKeyPair(directory, 'client', client, authority);
}
