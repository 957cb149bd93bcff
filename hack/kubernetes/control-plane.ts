import path from 'node:path';
import { etcdFiles } from '../embedded/etcd-certificates.ts';
import { etcdProgram } from '../embedded/etcd-program.ts';
import {
  authorityFiles,
  FRONT_PROXY_NAME,
  frontProxyAuthority,
  type Identity,
  pairFiles,
  serviceAccountKey,
} from './certificates.ts';
import type { Component } from './component.ts';
import type { ClusterHome } from './home.ts';
import { kubeconfigOf } from './kubeconfigs.ts';
import type { ClusterPorts } from './settings.ts';

export interface ControlPlaneOptions {
  readonly home: ClusterHome;
  readonly ports: ClusterPorts;
  /** Directory of Kubernetes' programs, from hack/kubernetes/build. */
  readonly programs: string;
  /** Where kube-apiserver listens. */
  readonly address: string;
}

/** Networks of a cluster. Nothing routes them yet: there are no nodes. */
export const SERVICE_CIDR = '10.125.0.0/17';
export const FIRST_SERVICE = '10.125.0.1';
const POD_CIDR = '10.124.0.0/16';

/** A control plane in the order in which it is started: etcd, kube-apiserver, then what follows it. */
export function controlPlane(options: ControlPlaneOptions): readonly [Component, Component, ...Component[]] {
  const { home, ports } = options;
  return [
    {
      name: 'etcd',
      title: 'etcd',
      graceMs: 10_000,
      ports: [ports.etcd, ports.etcdPeer],
      program: etcdProgram({ name: 'etcd', member: 'kubernetes', directory: home.etcd, ports, files: etcdFiles(home) }),
      health: { kind: 'etcd', port: ports.etcd, files: etcdFiles(home) },
    },
    apiserver(options),
    controllerManager(options),
    scheduler(options),
  ];
}

function apiserver({ home, ports, programs, address }: ControlPlaneOptions): Component {
  const authority = authorityFiles(home);
  const serving = pairFiles(home, 'apiserver');
  const kubelet = pairFiles(home, 'kubelet-client');
  const proxy = pairFiles(home, 'front-proxy/client');
  const etcd = etcdFiles(home);
  const program = path.join(programs, 'kube-apiserver');
  return {
    name: 'kube-apiserver',
    title: 'kube-apiserver',
    // Its own wait for requests in flight is a minute; watches end at once.
    graceMs: 20_000,
    host: address,
    ports: [ports.apiserver],
    health: { kind: 'https', host: address, port: ports.apiserver, path: '/readyz', authority: authority.cert },
    program: {
      name: 'kube-apiserver',
      command: program,
      args: [
        `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
        `--etcd-cafile=${etcd.ca}`,
        `--etcd-certfile=${etcd.client.cert}`,
        `--etcd-keyfile=${etcd.client.key}`,
        `--bind-address=${address}`,
        `--advertise-address=${address}`,
        `--secure-port=${ports.apiserver}`,
        `--tls-cert-file=${serving.cert}`,
        `--tls-private-key-file=${serving.key}`,
        `--client-ca-file=${authority.cert}`,
        `--service-cluster-ip-range=${SERVICE_CIDR}`,
        '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
        `--service-account-key-file=${serviceAccountKey(home)}`,
        `--service-account-signing-key-file=${serviceAccountKey(home)}`,
        '--authorization-mode=Node,RBAC',
        '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
        `--requestheader-client-ca-file=${frontProxyAuthority(home)}`,
        `--requestheader-allowed-names=${FRONT_PROXY_NAME}`,
        '--requestheader-username-headers=X-Remote-User',
        '--requestheader-group-headers=X-Remote-Group',
        '--requestheader-extra-headers-prefix=X-Remote-Extra-',
        `--proxy-client-cert-file=${proxy.cert}`,
        `--proxy-client-key-file=${proxy.key}`,
        // No kube-proxy runs here: Services are resolved to their endpoints.
        '--enable-aggregator-routing=true',
        '--allow-privileged=true',
        '--kubelet-preferred-address-types=InternalIP',
        `--kubelet-client-certificate=${kubelet.cert}`,
        `--kubelet-client-key=${kubelet.key}`,
        '--profiling=false',
      ],
      files: [serving.cert, frontProxyAuthority(home)],
    },
  };
}

function controllerManager(options: ControlPlaneOptions): Component {
  const authority = authorityFiles(options.home);
  return behindApiserver(options, 'controller-manager', options.ports.controllerManager, [
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${serviceAccountKey(options.home)}`,
    `--root-ca-file=${authority.cert}`,
    `--cluster-signing-cert-file=${authority.cert}`,
    `--cluster-signing-key-file=${authority.key}`,
    '--allocate-node-cidrs=true',
    `--cluster-cidr=${POD_CIDR}`,
    `--service-cluster-ip-range=${SERVICE_CIDR}`,
  ]);
}

function scheduler(options: ControlPlaneOptions): Component {
  return behindApiserver(options, 'scheduler', options.ports.scheduler, []);
}

function behindApiserver(
  { home, programs }: ControlPlaneOptions,
  name: Identity & ('controller-manager' | 'scheduler'),
  port: number,
  args: readonly string[],
): Component {
  const kubeconfig = kubeconfigOf(home, name);
  const pair = pairFiles(home, name);
  return {
    name: `kube-${name}`,
    title: `kube-${name}`,
    graceMs: 10_000,
    ports: [port],
    health: { kind: 'https', host: '127.0.0.1', port, path: '/healthz', authority: authorityFiles(home).cert },
    program: {
      name: `kube-${name}`,
      command: path.join(programs, `kube-${name}`),
      args: [
        `--kubeconfig=${kubeconfig}`,
        `--authentication-kubeconfig=${kubeconfig}`,
        `--authorization-kubeconfig=${kubeconfig}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        '--port=0',
        `--tls-cert-file=${pair.cert}`,
        `--tls-private-key-file=${pair.key}`,
        '--leader-elect=false',
        '--profiling=false',
        ...args,
      ],
      files: [kubeconfig],
    },
  };
}
