import { mkdir } from 'node:fs/promises';
import path from 'node:path';

/** Everything that a cluster of hack/cluster keeps lies under one directory; this is its map. */
export interface ClusterHome {
  readonly root: string;
  readonly pki: string;
  /** The administrator's kubeconfig, a file. */
  readonly kubeconfig: string;
  /** Those of the components. */
  readonly kubeconfigs: string;
  readonly etcd: string;
  readonly log: string;
  /** Records of processes, and of the cluster's address. */
  readonly run: string;
  /** What Torpor's API server has: keys, and the data of its own etcd. */
  readonly torpor: { readonly pki: string; readonly etcd: string };
}

export const DEFAULT_CLUSTER_HOME = '/var/lib/torpor-cluster';

export function clusterHomeAt(directory: string): ClusterHome {
  const root = path.resolve(directory);
  if (root === '/') throw new Error('the home of a cluster must be a directory below /');
  const below = (...names: string[]): string => path.join(root, ...names);
  return {
    root,
    pki: below('pki'),
    kubeconfig: below('kubeconfig'),
    kubeconfigs: below('kubeconfigs'),
    etcd: below('etcd'),
    log: below('log'),
    run: below('run'),
    torpor: { pki: below('torpor/pki'), etcd: below('torpor/etcd') },
  };
}

/** Makes the directories. Those with keys and data are for their owner alone. */
export async function makeClusterHome(home: ClusterHome): Promise<void> {
  await mkdir(home.root, { recursive: true, mode: 0o755 });
  for (const directory of [home.pki, home.kubeconfigs, home.etcd, home.torpor.pki, home.torpor.etcd]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  for (const directory of [home.log, home.run]) await mkdir(directory, { recursive: true, mode: 0o755 });
}
