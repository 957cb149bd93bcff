import { isIPv4 } from 'node:net';
import { flag } from '../../base/flags.ts';
import { DEFAULT_CLUSTER_HOME } from './home.ts';

/** What the commands of hack/cluster share: where a cluster is and what it listens on. */
export interface ClusterPorts {
  readonly apiserver: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly torpor: TorporPorts;
}

export interface TorporPorts {
  readonly apiserver: number;
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly reconcilers: number;
}

export const homeFlag = {
  home: flag.directory({
    about: 'Where the cluster keeps everything.',
    fallback: process.env.TORPOR_CLUSTER_HOME || DEFAULT_CLUSTER_HOME,
  }),
} as const;

/** How many ports follow each other from --port-base. */
const PORTS = 9;

export const upFlags = {
  ...homeFlag,
  'port-base': flag.integer({
    about: `The first of ${PORTS} ports.`,
    fallback: 26_443,
    min: 1,
    max: 65_536 - PORTS,
  }),
  address: flag.text({
    about: "The cluster's own address; it is put on the loopback interface. A second cluster needs another one.",
    fallback: '10.125.255.1',
  }),
  torpor: flag.toggle({
    about: "Run Torpor's API server (with an etcd of its own) and reconcilers, too, as a part of the cluster's API.",
  }),
} as const;

export function clusterPorts(base: number): ClusterPorts {
  return {
    apiserver: base,
    controllerManager: base + 1,
    scheduler: base + 2,
    etcd: base + 3,
    etcdPeer: base + 4,
    torpor: { apiserver: base + 5, etcd: base + 6, etcdPeer: base + 7, reconcilers: base + 8 },
  };
}

/** Kubernetes accepts no loopback address as an endpoint of a Service, and a link-local one neither. */
export function checkedAddress(address: string): string {
  if (!isIPv4(address) || /^(0|127|169\.254|22[4-9]|23\d)\./.test(address)) {
    throw new Error(`--address=${address}: it must be an IPv4 address that is neither loopback nor link-local`);
  }
  return address;
}
