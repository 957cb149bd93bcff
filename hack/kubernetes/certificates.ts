import path from 'node:path';
import { type Authority, ensureKeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { createFile, readFileIfPresent } from '../../base/certificates/create-file.ts';
import { newPrivateKey, type Subject } from '../../base/certificates/sign.ts';
import { ensureEtcdCertificates } from '../embedded/etcd-certificates.ts';
import type { ClusterHome } from './home.ts';

/** Keys of a cluster: an authority for its servers and clients, one for the front proxy, one for each etcd. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/** A client certificate of the cluster: user and groups. */
export const identities = {
  admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
  'controller-manager': { commonName: 'system:kube-controller-manager' },
  scheduler: { commonName: 'system:kube-scheduler' },
  'kubelet-client': { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] },
  // What the processes would have as Pods: the same roles hold for them.
  'torpor-apiserver': serviceAccount('torpor-apiserver'),
  'torpor-reconcilers': serviceAccount('torpor-reconcilers'),
} as const satisfies Record<string, Subject>;

function serviceAccount(name: string): Subject {
  return {
    commonName: `system:serviceaccount:torpor-system:${name}`,
    organizations: ['system:serviceaccounts', 'system:serviceaccounts:torpor-system'],
  };
}

export type Identity = keyof typeof identities;

export const FRONT_PROXY_NAME = 'front-proxy-client';

const DAYS = 3650;

export const serviceAccountKey = (home: ClusterHome) => path.join(home.pki, 'service-account.key');
export const authorityFiles = (home: ClusterHome): PairFiles => pairFiles(home, 'ca');
export const frontProxyAuthority = (home: ClusterHome) => path.join(home.pki, 'front-proxy/ca.crt');

export function pairFiles(home: ClusterHome, name: Identity | 'ca' | 'apiserver' | 'front-proxy/client'): PairFiles {
  return { cert: path.join(home.pki, `${name}.crt`), key: path.join(home.pki, `${name}.key`) };
}

/** Makes what is missing or no longer fits. `serviceAddress` is the first of the network of Services. */
export async function ensureClusterCertificates(
  home: ClusterHome,
  address: string,
  serviceAddress: string,
): Promise<void> {
  const authority = await openAuthority(home.pki, 'kubernetes-ca');
  const service = 'kubernetes.default';
  await ensureKeyPair(
    home.pki,
    'apiserver',
    {
      subject: { commonName: 'kube-apiserver' },
      usages: ['server'],
      names: ['kubernetes', service, `${service}.svc`, `${service}.svc.cluster.local`, address, serviceAddress],
      days: DAYS,
    },
    authority,
  );
  for (const name of Object.keys(identities) as Identity[]) await ensureIdentity(home, name, authority);
  const frontProxy = path.join(home.pki, 'front-proxy');
  await ensureKeyPair(
    frontProxy,
    'client',
    { subject: { commonName: FRONT_PROXY_NAME }, usages: ['client'], days: DAYS },
    await openAuthority(frontProxy, 'kubernetes-front-proxy-ca'),
  );
  const key = serviceAccountKey(home);
  if ((await readFileIfPresent(key)) === undefined) await createFile(key, await newPrivateKey(), 0o600);
  await ensureEtcdCertificates(home);
  await ensureEtcdCertificates(home.torpor);
}

async function ensureIdentity(home: ClusterHome, name: Identity, authority: Authority): Promise<void> {
  const subject: Subject = identities[name];
  // The controller manager and the scheduler serve their health with the same pair.
  const request = { subject, usages: ['client', 'server'], names: ['127.0.0.1', 'localhost'], days: DAYS } as const;
  await ensureKeyPair(home.pki, name, request, authority);
}
