import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { flag } from '../../base/flags.ts';
import { kubeconfigPaths } from '../../openapi/client/kubeconfig.ts';
import { DEFAULT_HOME } from './home.ts';
import { DEFAULT_PORTS, type Ports } from './services.ts';

/** What hack/up and hack/down share: where things are and how they are called. */
export const sourceRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const dist = path.join(sourceRoot, 'dist');

export const DEFAULT_NETWORK = '10.127.0.0/16';

/** Where the kubectl plugin is linked, so that `kubectl vm` finds it. */
export const PLUGIN_LINK = '/usr/local/bin/kubectl-vm';

const port = (what: string, fallback: number) =>
  flag.integer({ about: `Loopback port of the ${what}.`, fallback, min: 1, max: 65_535 });

export const sharedFlags = {
  home: flag.directory({ about: 'Where all state is kept.', fallback: process.env.TORPOR_HOME || DEFAULT_HOME }),
  'merge-kubeconfig': flag.toggle({
    about: `Set plain kubectl up for you (down: undo it): context "torpor" in your kubeconfig, link ${PLUGIN_LINK}.`,
    fallback: true,
  }),
} as const;

export const upFlags = {
  ...sharedFlags,
  images: flag.list({
    about: 'Guest images to build and publish; the first before up ends, the others in the background.',
    fallback: ['tiny', 'tiny-generic', 'memtest', 'debian'],
  }),
  'wait-for-images': flag.toggle({ about: 'Wait for all images, not only for the first.' }),
  'node-name': flag.text({ about: 'Name of this machine as a Host.', fallback: hostname().toLowerCase() }),
  'network-cidr': flag.text({ about: 'Private addresses of the machines.', fallback: DEFAULT_NETWORK }),
  'apiserver-port': port('API server', DEFAULT_PORTS.apiserver),
  'reconcilers-port': port("reconcilers' metrics", DEFAULT_PORTS.reconcilers),
  'launcher-port': port('node launcher', DEFAULT_PORTS.launcher),
  'etcd-port': port('etcd', DEFAULT_PORTS.etcd),
  'etcd-peer-port': port("etcd's peers", DEFAULT_PORTS.etcdPeer),
  'registry-port': port('image registry', DEFAULT_PORTS.registry),
} as const;

export function portsOf(
  flags: {
    readonly [K in
      | 'apiserver-port'
      | 'reconcilers-port'
      | 'launcher-port'
      | 'etcd-port'
      | 'etcd-peer-port'
      | 'registry-port']: number;
  },
): Ports {
  return {
    apiserver: flags['apiserver-port'],
    reconcilers: flags['reconcilers-port'],
    launcher: flags['launcher-port'],
    etcd: flags['etcd-port'],
    etcdPeer: flags['etcd-peer-port'],
    registry: flags['registry-port'],
  };
}

/** The kubeconfig that a person's kubectl writes to: the first of KUBECONFIG, else ~/.kube/config. */
export function personalKubeconfig(): string {
  return kubeconfigPaths()[0] ?? path.join(process.env.HOME ?? '/root', '.kube/config');
}
