import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, until } from '../../harness/kubernetes.ts';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One kubectl against the cluster, with a discovery cache of its own. */
export interface BoundKubectl {
  run(args: readonly string[], input?: unknown): Promise<Said>;
  /** Standard output; rejects with everything that was said when kubectl fails. */
  ok(args: readonly string[], input?: unknown): Promise<string>;
  /** Runs until it is ended; what it has printed so far. */
  follow(args: readonly string[]): Following;
  close(): Promise<void>;
}

export interface Following {
  text(): string;
  /** Resolves with what was printed once it matches. */
  shows(wanted: RegExp): Promise<string>;
  /** Resolves when the program has ended by itself; its exit code. */
  readonly ended: Promise<number | null>;
  end(): Promise<void>;
}

const DEADLINE_MS = 120_000;

export async function bindKubectl(cluster: Cluster, program = 'kubectl'): Promise<BoundKubectl> {
  const cache = await mkdtemp(join(tmpdir(), 'torpor-kubectl-'));
  const common = [`--kubeconfig=${cluster.kubeconfig}`, `--cache-dir=${cache}`];
  // What `kubectl edit` runs: it puts "after" where "before" stands.
  const env = { ...process.env, KUBE_EDITOR: 'sed -i s/before/after/' };
  const running = new Set<ChildProcess>();
  const run = (args: readonly string[], input?: unknown) =>
    new Promise<Said>((resolve) => {
      const child = execFile(program, [...common, ...args], { timeout: DEADLINE_MS, env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.on('error', () => {});
      child.stdin?.end(input === undefined ? '' : typeof input === 'string' ? input : JSON.stringify(input));
    });
  return {
    run,
    async ok(args, input) {
      const { code, stdout, stderr } = await run(args, input);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
      return stdout;
    },
    follow(args) {
      const child = spawn(program, [...common, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      running.add(child);
      let printed = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
        });
      }
      const ended = once(child, 'close').then(([code]) => {
        running.delete(child);
        return code as number | null;
      });
      return {
        text: () => printed,
        shows: (wanted) =>
          until(`kubectl ${args.join(' ')} shows ${wanted}`, async () =>
            wanted.test(printed) ? printed : undefined,
          ).catch((error: Error) => {
            throw new Error(`${error.message}; it printed:\n${printed}`);
          }),
        ended,
        async end() {
          child.kill('SIGTERM');
          await ended;
        },
      };
    },
    async close() {
      for (const child of running) child.kill('SIGKILL');
      await rm(cache, { recursive: true, force: true });
    },
  };
}

/** What kube-apiserver says of our part of its API. */
export async function availability(
  kubectl: BoundKubectl,
): Promise<{ readonly status: string; readonly reason: string }> {
  const condition = '{range .status.conditions[?(@.type=="Available")]}{.status} {.reason}{end}';
  const said = await kubectl.ok(['get', 'apiservice', 'v1alpha1.torpor.dev', '-o', `jsonpath=${condition}`]);
  const [status = '', reason = ''] = said.split(' ');
  return { status, reason };
}
