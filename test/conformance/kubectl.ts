import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEtcd } from '../harness/etcd.ts';
import { freePort } from '../harness/free-port.ts';

/** The real kubectl as the administrator of a server. */
export interface Kubectl {
  run(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }>;
  /** Standard output; rejects with everything that was said when kubectl fails. */
  ok(...args: readonly string[]): Promise<string>;
  /** The manifest as a file; its path. */
  manifest(manifest: unknown): Promise<string>;
  /** `ok` with a manifest in a file as the last argument. */
  withFile(manifest: unknown, ...args: readonly string[]): Promise<string>;
}

/** torpor-apiserver as a process in embedded mode over an etcd of its own. */
export interface KubectlBench extends Kubectl {
  readonly directory: string;
  /** Of the API server, without a path. */
  readonly url: string;
  /** Another kubectl for the same server, with a cache of its own and these flags in each command. */
  using(program: string, ...flags: readonly string[]): Kubectl;
  /** Kills the API server and starts it again over what it stored. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What `kubectl edit` runs: it puts "after" where "before" stands. */
const editor = 'sed -i s/before/after/';
const root = join(import.meta.dirname, '../..');

export async function startKubectlBench(program = 'kubectl'): Promise<KubectlBench> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-kubectl-'));
  const etcd = await startEtcd();
  const port = await freePort();
  const args = [
    '--embedded',
    `--etcd-servers=${etcd.endpoint}`,
    `--secure-port=${port}`,
    `--cert-dir=${directory}/pki`,
    `--kubeconfig-dir=${directory}`,
    '--node-name=n1',
  ];
  let api: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'apiserver/main.ts', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    api = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    for (let attempt = 0; !output.includes('"ready"'); attempt += 1) {
      if (attempt === 300 || child.exitCode !== null) throw new Error(`the API server did not get ready:\n${output}`);
      await delay(100);
    }
  };
  const kill = async (): Promise<void> => {
    if (api === undefined || api.exitCode !== null || api.signalCode !== null) return;
    const ended = once(api, 'exit');
    api.kill('SIGKILL');
    await ended;
  };
  const stop = async (): Promise<void> => {
    await kill();
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
  };
  await start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    ...kubectlOf(program, directory),
    directory,
    url: `https://127.0.0.1:${port}`,
    using: (other, ...flags) => kubectlOf(other, directory, flags),
    async restart() {
      await kill();
      await start();
    },
    stop,
  };
}

let files = 0;

/** With the kubeconfig in the directory; manifests and the cache of discovery are kept there too. */
export function kubectlOf(program: string, directory: string, flags: readonly string[] = []): Kubectl {
  const cache = join(directory, 'cache', program.replaceAll('/', '_'));
  const common = [`--kubeconfig=${directory}/kubeconfig`, `--cache-dir=${cache}`, ...flags];
  // Plugins, and the hidden command of completions, are known only when they come first; what is completed comes last.
  const kubectl = (command = '', ...rest: readonly string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const all = [command, ...common, ...rest];
      const env = { ...process.env, KUBE_EDITOR: editor };
      execFile(program, all, { timeout: 60_000, env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      });
    });
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const manifest = async (content: unknown): Promise<string> => {
    files += 1;
    const path = join(directory, `manifest-${files}.json`);
    await writeFile(path, JSON.stringify(content));
    return path;
  };
  return {
    async run(...args) {
      const { code, stdout, stderr } = await kubectl(...args);
      return { code, text: stdout + stderr };
    },
    ok,
    manifest,
    withFile: async (content, ...args) => ok(...args, await manifest(content)),
  };
}
