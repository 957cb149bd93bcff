import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stateOf, stop } from '../../hack/embedded/detached.ts';
import { portMustBeFree } from '../../hack/embedded/port-must-be-free.ts';
import { bringComponentUp, type Component } from '../../hack/kubernetes/component.ts';
import { controlPlane } from '../../hack/kubernetes/control-plane.ts';
import { type ClusterHome, clusterHomeAt } from '../../hack/kubernetes/home.ts';
import { clusterPorts } from '../../hack/kubernetes/settings.ts';
import { torporApiserver, torporReconcilers } from '../../hack/kubernetes/torpor.ts';
import { Client } from '../../openapi/client/client.ts';
import { connect } from '../../openapi/client/kubeconfig.ts';
import { eventually } from './eventually.ts';
import { oneAtATime } from './one-at-a-time.ts';

/**
 * A real Kubernetes control plane with Torpor behind it, made by hack/cluster itself with ports, an address and a home
 * of its own. Bringing it up is idempotent: every suite asks for it, the first one pays, hack/test ends it.
 *
 * TORPOR_TEST_CLUSTER_HOME, TORPOR_TEST_CLUSTER_PORT_BASE (the first of nine ports) and TORPOR_TEST_CLUSTER_ADDRESS make
 * another one beside the usual; all three must be its own.
 */
export interface Cluster {
  readonly home: ClusterHome;
  /** The administrator's. */
  readonly kubeconfig: string;
  /** URL of kube-apiserver. */
  readonly server: string;
  /** URL of Torpor's own API server, past kube-apiserver. */
  readonly direct: string;
  /** Ends a process in order, or with `SIGKILL` at once; it stays away until `start`. */
  stop(name: ComponentName, how?: 'in order' | 'SIGKILL'): Promise<void>;
  /** Starts a process that was stopped and waits until it answers. */
  start(name: ComponentName): Promise<void>;
  /** Nothing of a frozen process runs until it is thawed; its connections stay open. */
  freeze(name: ComponentName): Promise<void>;
  thaw(name: ComponentName): Promise<void>;
  /** The log of a process. */
  logOf(name: ComponentName): string;
}

export type ComponentName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'torpor-etcd'
  | 'torpor-apiserver'
  | 'torpor-reconcilers';

const HOME = process.env.TORPOR_TEST_CLUSTER_HOME ?? '/var/lib/torpor-cluster-test';
const PORT_BASE = Number(process.env.TORPOR_TEST_CLUSTER_PORT_BASE ?? 27_443);
const ADDRESS = process.env.TORPOR_TEST_CLUSTER_ADDRESS ?? '10.125.255.2';
/** A cold build of Kubernetes on a busy machine. */
const UP_MS = 1_800_000;

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds Kubernetes if need be, and runs hack/cluster until everything is ready. Suites end servers of the cluster, so
 * one process at a time works with it: others wait here until this one has ended.
 */
export async function clusterUp(): Promise<Cluster> {
  await oneAtATime(HOME, UP_MS);
  const flags = [`--home=${HOME}`, `--port-base=${PORT_BASE}`, `--address=${ADDRESS}`, '--torpor'];
  await run('hack/cluster', ['up', ...flags]);
  const programs = (await run('hack/kubernetes/build', [])).trim();
  const home = clusterHomeAt(HOME);
  const ports = clusterPorts(PORT_BASE);
  const components = [
    ...controlPlane({ home, ports, programs, address: ADDRESS }),
    ...torporApiserver(home, ports.torpor, ADDRESS),
    torporReconcilers(home, ports.torpor),
  ];
  const named = (name: ComponentName): Component => {
    const found = components.find((component) => component.name === name);
    if (found === undefined) throw new Error(`a cluster has no ${name}`);
    return found;
  };
  const signal = async (name: ComponentName, what: NodeJS.Signals): Promise<void> => {
    const state = await stateOf(home, name);
    if (state.kind !== 'running') throw new Error(`${name} does not run`);
    process.kill(state.record.identity.pid, what);
  };
  return {
    home,
    kubeconfig: home.kubeconfig,
    server: `https://${ADDRESS}:${ports.apiserver}`,
    direct: `https://${ADDRESS}:${ports.torpor.apiserver}`,
    async stop(name, how = 'in order') {
      if (how === 'SIGKILL') await signal(name, 'SIGKILL');
      const { graceMs, ports: taken, host, title } = named(name);
      await stop(home, name, graceMs);
      // A killed process counts as dead when its first thread is; the others hold its sockets a moment longer.
      for (const port of taken) {
        const wanted = { port, what: title, flag: '--port-base', ...(host === undefined ? {} : { host }) };
        await until(`port ${port} is free`, async () => portMustBeFree(wanted).then(() => true));
      }
    },
    async start(name) {
      await bringComponentUp(named(name), home);
    },
    freeze: (name) => signal(name, 'SIGSTOP'),
    thaw: (name) => signal(name, 'SIGCONT'),
    logOf: (name) => `${home.log}/${name}.log`,
  };
}

/** Stops it and removes everything of it; nothing happens when there is none. */
export async function clusterDown(): Promise<void> {
  if (existsSync(HOME)) await run('hack/cluster', ['down', `--home=${HOME}`, '--purge']);
}

/** Our own client as the cluster's administrator, at kube-apiserver. Whoever asks for it closes it. */
export async function adminOf(cluster: Cluster): Promise<Client> {
  return new Client(await connect({ path: cluster.kubeconfig }), { userAgent: 'torpor-test', deadlineMs: 60_000 });
}

/** `eventually` with the patience that a cluster needs. */
export function until<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  return eventually(what, timeoutMs, probe, 100);
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(`${root}/${command}`, args, { timeout: UP_MS, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')} failed: ${error.message}\n${stdout}\n${stderr}`));
    });
  });
}
