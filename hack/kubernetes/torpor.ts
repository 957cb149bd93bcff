import path from 'node:path';
import { etcdFiles } from '../embedded/etcd-certificates.ts';
import { etcdProgram } from '../embedded/etcd-program.ts';
import { dist } from '../embedded/settings.ts';
import type { Component } from './component.ts';
import type { ClusterHome } from './home.ts';
import { kubeconfigOf } from './kubeconfigs.ts';
import type { TorporPorts } from './settings.ts';

const environment = { HOME: '/root', NODE_ENV: 'production' };

/** Authority of the certificate that Torpor's API server shows; the APIService's caBundle. */
export const torporAuthority = (home: ClusterHome) => path.join(home.torpor.pki, 'ca.crt');

/** Torpor's API server behind the cluster, and its etcd, in the order in which they are started. */
export function torporApiserver(home: ClusterHome, ports: TorporPorts, address: string): readonly Component[] {
  const etcd = etcdFiles(home.torpor);
  const bundle = path.join(dist, 'apiserver.mjs');
  return [
    {
      name: 'torpor-etcd',
      title: "etcd of Torpor's API server",
      graceMs: 10_000,
      ports: [ports.etcd, ports.etcdPeer],
      program: etcdProgram({
        name: 'torpor-etcd',
        member: 'torpor',
        directory: home.torpor.etcd,
        ports,
        files: etcd,
      }),
      health: { kind: 'etcd', port: ports.etcd, files: etcd },
    },
    {
      name: 'torpor-apiserver',
      title: "Torpor's API server",
      graceMs: 15_000,
      host: address,
      ports: [ports.apiserver],
      health: {
        kind: 'https',
        host: address,
        port: ports.apiserver,
        path: '/readyz',
        authority: torporAuthority(home),
      },
      program: {
        name: 'torpor-apiserver',
        command: process.execPath,
        args: [
          '--enable-source-maps',
          bundle,
          `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
          `--etcd-cafile=${etcd.ca}`,
          `--etcd-certfile=${etcd.client.cert}`,
          `--etcd-keyfile=${etcd.client.key}`,
          `--bind-address=${address}`,
          `--secure-port=${ports.apiserver}`,
          `--cert-dir=${home.torpor.pki}`,
          `--kubeconfig=${kubeconfigOf(home, 'torpor-apiserver')}`,
        ],
        environment,
        files: [bundle, kubeconfigOf(home, 'torpor-apiserver')],
      },
    },
  ];
}

/** Started once the API server is a part of the cluster's API: they know no other way to it. */
export function torporReconcilers(home: ClusterHome, ports: TorporPorts): Component {
  const bundle = path.join(dist, 'reconcilers.mjs');
  const kubeconfig = kubeconfigOf(home, 'torpor-reconcilers');
  return {
    name: 'torpor-reconcilers',
    title: "Torpor's reconcilers",
    graceMs: 15_000,
    ports: [ports.reconcilers],
    health: { kind: 'http', port: ports.reconcilers, path: '/readyz' },
    program: {
      name: 'torpor-reconcilers',
      command: process.execPath,
      args: [
        '--enable-source-maps',
        bundle,
        `--kubeconfig=${kubeconfig}`,
        `--metrics-bind-address=127.0.0.1:${ports.reconcilers}`,
      ],
      environment,
      files: [bundle, kubeconfig],
    },
  };
}
