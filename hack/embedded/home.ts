import { mkdir } from 'node:fs/promises';
import path from 'node:path';

/** Everything that an embedded Torpor keeps lies under one directory; this is its map. */
export interface Home {
  readonly root: string;
  readonly pki: string;
  /** The administrator's kubeconfig, a file. */
  readonly kubeconfig: string;
  readonly etcd: string;
  readonly registry: string;
  readonly images: string;
  readonly log: string;
  /** Records of processes, sockets. */
  readonly run: string;
  readonly bin: string;
  readonly node: string;
  readonly claims: string;
}

export const DEFAULT_HOME = '/var/lib/torpor';

/** Sockets lie below and the kernel takes 107 bytes at most for their paths. */
const LONGEST_ROOT = 40;

export function homeAt(directory: string): Home {
  const root = path.resolve(directory);
  if (root === '/' || Buffer.byteLength(root) > LONGEST_ROOT) {
    throw new Error(
      `TORPOR_HOME is ${root}; it must be a directory below / with a path of at most ${LONGEST_ROOT} bytes`,
    );
  }
  const below = (name: string): string => path.join(root, name);
  return {
    root,
    pki: below('pki'),
    kubeconfig: below('kubeconfig'),
    etcd: below('etcd'),
    registry: below('registry'),
    images: below('images'),
    log: below('log'),
    run: below('run'),
    bin: below('bin'),
    node: below('node'),
    claims: below('claims'),
  };
}

/** Makes the directories. Those with keys and data are for their owner alone; QEMU's user must be able to pass the rest. */
export async function makeHome(home: Home): Promise<void> {
  await mkdir(home.root, { recursive: true, mode: 0o755 });
  for (const directory of [home.pki, home.etcd]) await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const directory of [home.registry, home.images, home.log, home.run, home.bin, home.node, home.claims]) {
    await mkdir(directory, { recursive: true, mode: 0o755 });
  }
}
