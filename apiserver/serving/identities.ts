import { mkdir } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { writeAtomically } from '../../base/atomic-write.ts';
import { type Authority, ensureKeyPair, type KeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { readFileIfPresent } from '../../base/certificates/create-file.ts';

/** Who our own authority vouches for: common name and organization of each part, one table. */
const parts = {
  'apiserver-client': { commonName: 'torpor:apiserver', organizations: [] },
  admin: { commonName: 'torpor-admin', organizations: ['system:masters'] },
  reconcilers: { commonName: 'torpor:reconcilers', organizations: ['torpor:components'] },
} as const;

const certificateDays = 365;

export interface Identities {
  readonly authority: Authority;
  readonly serving: KeyPair;
  /** What the API server shows to agents. */
  readonly client: KeyPair;
}

/** Names that a serving certificate on this machine must speak for. */
export function servingNames(bindAddress: string): string[] {
  const service = 'torpor-apiserver.torpor-system';
  const wildcard = bindAddress === '0.0.0.0' || bindAddress === '::';
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ scopeid }) => scopeid === undefined || scopeid === 0)
    .map(({ address }) => address);
  const names = [
    'localhost',
    hostname(),
    service,
    `${service}.svc`,
    `${service}.svc.cluster.local`,
    '127.0.0.1',
    '::1',
  ];
  return [...new Set([...names, ...(wildcard ? addresses : [bindAddress])])];
}

/**
 * Opens the authority in `directory` and the server's own certificates, making what is missing. Safe to call again: what
 * still fits is kept.
 */
export async function ensureServerIdentities(directory: string, bindAddress: string): Promise<Identities> {
  const authority = await openAuthority(directory, 'torpor-ca');
  const names = servingNames(bindAddress);
  const [serving, client] = await Promise.all([
    ensureKeyPair(
      directory,
      'serving',
      { subject: { commonName: 'torpor-apiserver' }, usages: ['server'], names, days: certificateDays },
      authority,
    ),
    ensureKeyPair(
      directory,
      'apiserver-client',
      { subject: parts['apiserver-client'], usages: ['client'], days: certificateDays },
      authority,
    ),
  ]);
  return { authority, serving, client };
}

export interface ComponentOptions {
  readonly certificateDirectory: string;
  /** Gets `kubeconfig` (the administrator's), `kubeconfigs/reconcilers` and `kubeconfigs/launcher-<node>`. */
  readonly kubeconfigDirectory: string;
  /** https://host:port of this server. */
  readonly server: string;
  readonly nodeName: string;
  readonly authority: Authority;
}

/**
 * Embedded mode: certificates and kubeconfigs of the administrator, the reconcilers and the launcher of this node. The
 * parts' kubeconfigs name the certificate files, so that renewed ones are taken up; the administrator's holds them, so
 * that it can be carried elsewhere.
 */
export async function ensureComponentIdentities(options: ComponentOptions): Promise<void> {
  const { certificateDirectory: directory, authority, nodeName, server } = options;
  const launcher = `launcher-${nodeName}`;
  const [admin] = await Promise.all([
    ensureKeyPair(directory, 'admin', { subject: parts.admin, usages: ['client'], days: certificateDays }, authority),
    ensureKeyPair(
      directory,
      'reconcilers',
      { subject: parts.reconcilers, usages: ['client'], days: certificateDays },
      authority,
    ),
    ensureKeyPair(
      directory,
      launcher,
      {
        subject: { commonName: `torpor:launcher:${nodeName}`, organizations: ['torpor:launchers'] },
        // It is a client of this server and a server to it.
        usages: ['client', 'server'],
        names: [nodeName, 'localhost', '127.0.0.1'],
        days: certificateDays,
      },
      authority,
    ),
  ]);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const cluster = { server, 'certificate-authority-data': base64(authority.certificate) };
  const adminText = kubeconfig('torpor-admin', cluster, {
    'client-certificate-data': base64(admin.certificate),
    'client-key-data': base64(admin.key),
  });
  const files: [path: string, text: string][] = [[join(options.kubeconfigDirectory, 'kubeconfig'), adminText]];
  for (const [name, user] of [
    ['reconcilers', 'torpor:reconcilers'],
    [launcher, `torpor:launcher:${nodeName}`],
  ] as const) {
    const credentials = {
      'client-certificate': resolve(directory, `${name}.crt`),
      'client-key': resolve(directory, `${name}.key`),
    };
    files.push([join(options.kubeconfigDirectory, 'kubeconfigs', name), kubeconfig(user, cluster, credentials)]);
  }
  await mkdir(join(options.kubeconfigDirectory, 'kubeconfigs'), { recursive: true });
  for (const [path, text] of files) {
    // What has not changed is left alone: its owner may have been changed to the person who works with it.
    if ((await readFileIfPresent(path)) !== text) await writeAtomically(path, text, 0o600);
  }
}

function kubeconfig(user: string, cluster: Record<string, string>, credentials: Record<string, string>): string {
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'torpor', cluster }],
      users: [{ name: user, user: credentials }],
      contexts: [{ name: 'torpor', context: { cluster: 'torpor', user, namespace: 'default' } }],
      'current-context': 'torpor',
    },
    { lineWidth: 0 },
  );
}
