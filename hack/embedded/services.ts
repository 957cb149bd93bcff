import path from 'node:path';
import type { ProgramToRun } from './detached.ts';
import { etcdFiles } from './etcd-certificates.ts';
import { etcdProgram } from './etcd-program.ts';
import type { Home } from './home.ts';

/** Loopback ports of the embedded processes. */
export interface Ports {
  readonly apiserver: number;
  readonly reconcilers: number;
  readonly launcher: number;
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly registry: number;
}

/** 5000 for the registry, because image names in examples say so; the others beside each other, off the usual ones. */
export const DEFAULT_PORTS: Ports = {
  apiserver: 7443,
  reconcilers: 7444,
  launcher: 7445,
  etcd: 7446,
  etcdPeer: 7447,
  registry: 5000,
};

export interface EmbeddedOptions {
  readonly home: Home;
  readonly ports: Ports;
  readonly nodeName: string;
  /** dist of the source tree. */
  readonly dist: string;
  readonly networkCidr: string;
}

export interface Service {
  readonly name: 'etcd' | 'registry' | 'apiserver' | 'reconcilers' | 'launcher';
  readonly title: string;
  readonly program: ProgramToRun;
  /** How long an orderly end may take, in milliseconds. */
  readonly graceMs: number;
}

/** The five processes in the order in which they are started; they are stopped the other way round. */
export function services(options: EmbeddedOptions): readonly Service[] {
  const { home, ports, dist } = options;
  const { ca, client } = etcdFiles(home);
  return [
    { name: 'etcd', title: 'etcd', graceMs: 10_000, program: etcd(home, ports) },
    { name: 'registry', title: 'image registry', graceMs: 5000, program: registry(home) },
    {
      name: 'apiserver',
      title: 'API server',
      // A request may take a minute, and is answered before the end.
      graceMs: 75_000,
      program: ours('apiserver', dist, [
        '--embedded',
        `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
        `--etcd-cafile=${ca}`,
        `--etcd-certfile=${client.cert}`,
        `--etcd-keyfile=${client.key}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${ports.apiserver}`,
        `--cert-dir=${home.pki}`,
        `--kubeconfig-dir=${home.root}`,
        `--node-name=${options.nodeName}`,
      ]),
    },
    {
      name: 'reconcilers',
      title: 'reconcilers',
      graceMs: 15_000,
      program: ours('reconcilers', dist, [
        '--embedded',
        `--kubeconfig=${path.join(home.root, 'kubeconfigs/reconcilers')}`,
        `--metrics-bind-address=127.0.0.1:${ports.reconcilers}`,
        `--claims-directory=${home.claims}`,
      ]),
    },
    {
      name: 'launcher',
      title: 'node launcher',
      graceMs: 30_000,
      program: ours('launcher', dist, [
        `--kubeconfig=${path.join(home.root, `kubeconfigs/launcher-${options.nodeName}`)}`,
        `--node-name=${options.nodeName}`,
        `--state-dir=${home.node}`,
        `--run-dir=${home.run}`,
        `--supervisor=${path.join(home.bin, 'supervisor')}`,
        `--listen=127.0.0.1:${ports.launcher}`,
        `--cert=${path.join(home.pki, `launcher-${options.nodeName}.crt`)}`,
        `--key=${path.join(home.pki, `launcher-${options.nodeName}.key`)}`,
        `--ca=${path.join(home.pki, 'ca.crt')}`,
        `--network-cidr=${options.networkCidr}`,
      ]),
    },
  ];
}

function ours(name: string, dist: string, args: readonly string[]): ProgramToRun {
  const bundle = path.join(dist, `${name}.mjs`);
  return {
    name,
    command: process.execPath,
    args: ['--enable-source-maps', bundle, ...args],
    environment: { HOME: '/root', NODE_ENV: 'production' },
    files: [bundle],
  };
}

function etcd(home: Home, ports: Ports): ProgramToRun {
  return etcdProgram({ name: 'etcd', member: 'torpor', directory: home.etcd, ports, files: etcdFiles(home) });
}

function registry(home: Home): ProgramToRun {
  const configuration = registryConfigurationFile(home);
  return { name: 'registry', command: 'docker-registry', args: ['serve', configuration], files: [configuration] };
}

export function registryConfigurationFile(home: Home): string {
  return path.join(home.registry, 'config.yml');
}

/** Loopback only and without authentication: whoever can reach it is on this machine. */
export function registryConfiguration(home: Home, port: number): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: path.join(home.registry, 'data') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, headers: { 'X-Content-Type-Options': ['nosniff'] } },
  });
}
