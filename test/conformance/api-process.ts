import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import supertest from 'supertest';
import { freePort } from '../harness/free-port.ts';
import { openWatch, type WatchClient } from './watch-client.ts';

/** torpor-apiserver as a process of its own: one of several on one etcd, or one that is ended and started again. */
export interface ApiProcess {
  readonly port: number;
  /** Everything that it has logged. */
  readonly output: string;
  /** As the administrator; each request on a connection of its own. */
  agent(): Promise<ReturnType<typeof supertest.agent>>;
  tls(): Promise<{ readonly ca: string; readonly cert: string; readonly key: string }>;
  watch(path: string, accept?: string): Promise<WatchClient>;
  /** Waits until /readyz answers with this code. */
  ready(code?: number): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code when the process has ended. */
  readonly ended: Promise<number | null>;
  /** Kills it if it still runs. */
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');

/**
 * Starts it with the certificates in `<directory>/pki`, which the first start on it makes. Resolves when it listens or has
 * ended; `ready` waits for more.
 */
export async function startApiProcess(
  directory: string,
  flags: readonly string[],
  wantedPort?: number,
): Promise<ApiProcess> {
  const port = wantedPort ?? (await freePort());
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', 'apiserver/main.ts', '--embedded'],
      ...[`--cert-dir=${directory}/pki`, `--kubeconfig-dir=${directory}`, '--node-name=n1', `--secure-port=${port}`],
      ...flags,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  const ended = once(child, 'close').then(() => child.exitCode);
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('"listening"')) resolve();
      });
    }
    void ended.then(() => resolve());
  });
  await listening;
  const tls = async () => {
    const file = (name: string) => readFile(join(directory, 'pki', name), 'utf8');
    const [ca, cert, key] = await Promise.all([file('ca.crt'), file('admin.crt'), file('admin.key')]);
    return { ca, cert, key };
  };
  const agent = async () => supertest.agent(`https://127.0.0.1:${port}`, (await tls()) as never);
  return {
    port,
    agent,
    get output() {
      return output;
    },
    tls,
    ended,
    watch: async (path, accept) =>
      openWatch({ port, path, ...(await tls()), ...(accept === undefined ? {} : { accept }) }),
    async ready(code = 200) {
      for (let attempt = 0; attempt < 300; attempt += 1) {
        const status = await agent()
          .then((client) => client.get('/readyz'))
          .then(
            (response) => response.status,
            () => 0,
          );
        if (status === code) return;
        await delay(100);
      }
      throw new Error(`/readyz did not answer ${code}:\n${output.slice(-4_000)}`);
    },
    signal: (name) => {
      child.kill(name);
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
