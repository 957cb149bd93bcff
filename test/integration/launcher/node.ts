import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from '../../../base/backoff.ts';
import { installationMark } from '../../../launcher/sandbox/identity.ts';
import { supervisorBinary } from '../../../launcher/supervisor/fixture.ts';
import type { VirtualMachine } from '../../../openapi/api.ts';
import { Client } from '../../../openapi/client/client.ts';
import { connect } from '../../../openapi/client/kubeconfig.ts';
import { resources } from '../../../openapi/client/resources.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { startEtcd, type TemporaryEtcd } from '../../harness/etcd.ts';
import { freePort } from '../../harness/free-port.ts';

/**
 * One node with the real programs: etcd, API server, reconcilers and a launcher that can be killed and started again.
 * Its machines have no disk: SeaBIOS finds nothing to boot and waits, which costs little and takes no time.
 */
export interface TestNode {
  readonly home: string;
  readonly client: Client;
  readonly mark: string;
  startLauncher(): Promise<void>;
  /** SIGKILL unless told otherwise; resolves when it is gone. */
  endLauncher(signal?: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  launcherLog(): string;
  stop(): Promise<void>;
}

const source = process.env.TORPOR_SOURCE ?? fileURLToPath(new URL('../../..', import.meta.url));

export async function startNode(): Promise<TestNode> {
  const home = mkdtempSync(join(tmpdir(), 'tpn-'));
  execFileSync('chmod', ['711', home]);
  const children: ChildProcess[] = [];
  let failed: string | undefined;
  const program = (name: string, args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(source, name, 'main.ts'), ...args], {
      cwd: source,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(home, `${name}.log`), { flags: 'a' });
    child.stdout?.pipe(log);
    child.stderr?.pipe(log);
    children.push(child);
    child.once('exit', (code) => {
      if (code !== 0 && code !== null)
        failed ??= `${name} ended with ${code}; it said: ${readFileSync(join(home, `${name}.log`), 'utf8').slice(-2000)}`;
    });
    return child;
  };
  /** A program that cannot start is told at once, with its words. */
  const whenUp = (condition: () => boolean, what: string) =>
    waitFor(
      () => {
        if (failed !== undefined) throw new Error(failed);
        return condition();
      },
      what,
      60_000,
    );
  const etcd: TemporaryEtcd = await startEtcd();
  const [port, metrics, streams] = [await freePort(), await freePort(), await freePort()];
  const network = `10.${randomInt(128, 250)}.0.0/16`;
  program('apiserver', [
    '--embedded',
    `--etcd-servers=${etcd.endpoint}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${home}/pki`,
    `--kubeconfig-dir=${home}`,
    '--node-name=n1',
  ]);
  try {
    await whenUp(() => existsSync(`${home}/kubeconfigs/launcher-n1`), 'the API server writes kubeconfigs');
  } catch (error) {
    for (const child of children) child.kill('SIGKILL');
    await etcd.stop();
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
  program('reconcilers', [
    `--kubeconfig=${home}/kubeconfigs/reconcilers`,
    '--embedded',
    `--metrics-bind-address=127.0.0.1:${metrics}`,
    `--claims-directory=${home}/claims`,
  ]);
  const client = new Client(await connect({ path: `${home}/kubeconfig` }), { userAgent: 'test/1' });
  let launcher: ChildProcess | undefined;
  const node: TestNode = {
    home,
    client,
    mark: installationMark(`${home}/node`),
    async startLauncher() {
      const ready = node.launcherLog().split('"msg":"ready"').length;
      launcher = program('launcher', [
        `--kubeconfig=${home}/kubeconfigs/launcher-n1`,
        '--node-name=n1',
        `--state-dir=${home}/node`,
        `--run-dir=${home}/run`,
        `--supervisor=${supervisorBinary()}`,
        `--listen=127.0.0.1:${streams}`,
        `--cert=${home}/pki/launcher-n1.crt`,
        `--key=${home}/pki/launcher-n1.key`,
        `--ca=${home}/pki/ca.crt`,
        `--network-cidr=${network}`,
      ]);
      await whenUp(() => node.launcherLog().split('"msg":"ready"').length > ready, 'the launcher is ready');
    },
    async endLauncher(signal = 'SIGKILL') {
      const ending = launcher;
      launcher = undefined;
      if (ending === undefined) return null;
      const gone = new Promise<number | null>((resolve) => ending.once('exit', resolve));
      ending.kill(signal);
      return gone;
    },
    launcherLog: () => (existsSync(`${home}/launcher.log`) ? readFileSync(`${home}/launcher.log`, 'utf8') : ''),
    async stop() {
      client.close();
      for (const child of children) child.kill('SIGKILL');
      await etcd.stop();
      for (const pid of processesOf(node.mark)) process.kill(pid, 'SIGKILL');
      await sleep(300);
      rmSync(home, { recursive: true, force: true });
    },
  };
  return node;
}

export function machine(name: string, spec: Partial<VirtualMachine['spec']> = {}): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'default' },
    spec: {
      runStrategy: 'Always',
      terminationGracePeriodSeconds: 0,
      ...spec,
      domain: { memory: { guest: '32Mi' }, devices: { autoattachGraphicsDevice: false }, ...spec.domain },
    },
  } as VirtualMachine;
}

export async function waitFor(condition: () => boolean | Promise<boolean>, what: string, ms = 30_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`did not come about within ${ms} ms: ${what}`);
    await sleep(25);
  }
}

export async function read(node: TestNode, name: string): Promise<VirtualMachine | undefined> {
  try {
    return await node.client.get(resources.virtualMachines, { namespace: 'default', name });
  } catch (error) {
    if (isError(error, 'notFound')) return undefined;
    throw error;
  }
}

/** The machine once `condition` holds of it; the error shows what it was instead. */
export async function machineWhen(
  node: TestNode,
  name: string,
  condition: (machine: VirtualMachine) => boolean,
  ms = 30_000,
): Promise<VirtualMachine> {
  let last: VirtualMachine | undefined;
  try {
    await waitFor(
      async () => {
        last = await read(node, name);
        return last !== undefined && condition(last);
      },
      `machine ${name}`,
      ms,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; its status is ${JSON.stringify(last?.status)}`);
  }
  if (last === undefined) throw new Error('unreachable');
  return last;
}

export const isRunning = ({ status }: VirtualMachine): boolean => status?.phase === 'Running';

/** Processes in control groups of this node's machines, as the kernel lists them. */
export function processesOf(mark: string): number[] {
  const root = ['/sys/fs/cgroup/pids/torpor', '/sys/fs/cgroup/torpor'].find(existsSync);
  if (root === undefined) return [];
  return readdirSync(root)
    .filter((name) => name.startsWith(mark))
    .flatMap((name) => readFileSync(join(root, name, 'cgroup.procs'), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map(Number);
}

/** Process ids of QEMUs whose command line names the machine. */
export function qemusOf(node: TestNode, name: string): number[] {
  return processesOf(node.mark).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return command.includes('qemu-system') && command.includes(`default/${name},`);
    } catch {
      return false;
    }
  });
}

/** Whatever machines have left behind on this node; empty when nothing. */
export function remains(node: TestNode): string[] {
  const list = (directory: string) => (existsSync(directory) ? readdirSync(directory) : []);
  const marked = (names: readonly string[], prefix: string) =>
    names.filter((name) => name.startsWith(`${prefix}${node.mark}`));
  return [
    ...processesOf(node.mark).map((pid) => `process ${pid}`),
    ...marked(list('/run/netns'), 'tp-'),
    ...marked(list('/sys/class/net'), 'tp'),
    ...marked(list('/sys/fs/cgroup/pids/torpor'), ''),
    ...marked(list('/sys/fs/cgroup/memory/torpor'), ''),
    ...marked(list('/sys/fs/cgroup/torpor'), ''),
    ...list(`${node.home}/run`),
    ...list(`${node.home}/node/machines`),
  ];
}

/** Resolves when nothing is left; the record goes a moment after the last status write, which may be seen before. */
export async function nothingRemains(node: TestNode, but: readonly string[] = []): Promise<void> {
  const left = () => remains(node).filter((name) => !but.includes(name));
  await waitFor(() => left().length === 0, 'nothing remains', 3_000).catch(() => {
    throw new Error(`this remains: ${left().join(', ')}`);
  });
}
