import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { writeAtomically } from '../../base/atomic-write.ts';
import { authorityFiles, type Identity, identities, pairFiles } from './certificates.ts';
import type { ClusterHome } from './home.ts';

/** Name of cluster and context in the administrator's kubeconfig. */
export const CONTEXT = 'torpor-cluster';

export const kubeconfigOf = (home: ClusterHome, identity: Identity) =>
  identity === 'admin' ? home.kubeconfig : path.join(home.kubeconfigs, identity);

/** Writes those of the administrator and the components. They hold the keys, so that they can be carried elsewhere. */
export async function writeKubeconfigs(home: ClusterHome, server: string): Promise<void> {
  const base64 = async (file: string) => (await readFile(file)).toString('base64');
  const authority = await base64(authorityFiles(home).cert);
  for (const identity of Object.keys(identities) as Identity[]) {
    const { cert, key } = pairFiles(home, identity);
    const user = identities[identity].commonName;
    const text = stringify(
      {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: CONTEXT, cluster: { server, 'certificate-authority-data': authority } }],
        users: [
          {
            name: user,
            user: { 'client-certificate-data': await base64(cert), 'client-key-data': await base64(key) },
          },
        ],
        contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user, namespace: 'default' } }],
        'current-context': CONTEXT,
      },
      { lineWidth: 0 },
    );
    const file = kubeconfigOf(home, identity);
    // What has not changed is left alone: its bytes are part of what decides whether a process is outdated.
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) await writeAtomically(file, text, 0o600);
  }
}
