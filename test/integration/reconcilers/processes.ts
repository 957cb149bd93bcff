import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '../../../openapi/client/client.ts';
import { connect } from '../../../openapi/client/kubeconfig.ts';
import { startEtcd } from '../../harness/etcd.ts';
import { freePort } from '../../harness/free-port.ts';

/** The real API server and reconcilers as processes of their own over a real etcd, with the real access rules. */
export interface Processes {
  readonly directory: string;
  readonly claims: string;
  /** A client with the rights of system:masters, and one with those of the node's launcher. */
  readonly admin: Client;
  readonly launcher: Client;
  startReconcilers(flags?: readonly string[]): Promise<Reconcilers>;
  stop(): Promise<void>;
}

export interface Reconcilers {
  readonly port: number;
  readonly output: () => string;
  /** Resolves with the exit code when the process has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

export const NODE = 'node-a';

export async function startProcesses(): Promise<Processes> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-reconcilers-'));
  const claims = join(directory, 'claims');
  const etcd = await startEtcd();
  const children: ChildProcess[] = [];
  const port = await freePort();
  const server = launch(children, 'apiserver/main.ts', [
    '--embedded',
    `--etcd-servers=${etcd.endpoint}`,
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, 'pki')}`,
    `--kubeconfig-dir=${directory}`,
    `--node-name=${NODE}`,
  ]);
  await until(() => server.output().includes('"msg":"ready"'), 30_000, server.output);
  const clientOf = async (file: string, name: string) =>
    new Client(await connect({ path: join(directory, file) }), { userAgent: `${name}/test` });
  const admin = await clientOf('kubeconfig', 'admin');
  const launcher = await clientOf(`kubeconfigs/launcher-${NODE}`, 'launcher');
  return {
    directory,
    claims,
    admin,
    launcher,
    async startReconcilers(flags = []) {
      const metrics = await freePort();
      const process = launch(children, 'reconcilers/main.ts', [
        '--embedded',
        `--kubeconfig=${join(directory, 'kubeconfigs/reconcilers')}`,
        `--metrics-bind-address=127.0.0.1:${metrics}`,
        `--claims-directory=${claims}`,
        ...flags,
      ]);
      await until(
        () => process.output().includes('reconcilers are running') || process.output().includes('waiting'),
        30_000,
        process.output,
      );
      return { port: metrics, output: process.output, end: process.end };
    },
    async stop() {
      admin.close();
      launcher.close();
      for (const child of children) child.kill('SIGKILL');
      await etcd.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function launch(children: ChildProcess[], entry: string, flags: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', entry, ...flags], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  children.push(child);
  return {
    output: () => text,
    async end(signal: 'SIGTERM' | 'SIGKILL') {
      child.kill(signal);
      return ended;
    },
  };
}

/** Waits until `condition` holds; fails with what `explain` says. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  explain: () => unknown,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`this never happened; the last state: ${JSON.stringify(explain(), null, 1)}`);
    await delay(25);
  }
}
