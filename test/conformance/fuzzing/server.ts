import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type KeyPair, openAuthority } from '../../../base/certificates/authority.ts';
import { newPrivateKey, signCertificate } from '../../../base/certificates/sign.ts';
import { startEtcd } from '../../harness/etcd.ts';
import { freePort } from '../../harness/free-port.ts';

/** torpor-apiserver as a process of its own, in embedded mode with its real rules, over an etcd of its own. */
export interface FuzzServer {
  readonly port: number;
  /** PEM of the authority that signed the server's certificate and signs those of clients. */
  readonly ca: string;
  pairOf(commonName: string, ...organizations: string[]): Promise<KeyPair>;
  /** Longest time in milliseconds that the event loop was held since the last call. */
  held(): Promise<number>;
  /** What the server logged as faults of its own since the last call. */
  faults(): readonly string[];
  readonly alive: boolean;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../../..');
const START_MS = 60_000;

export async function startFuzzServer(): Promise<FuzzServer> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-fuzz-'));
  const etcd = await startEtcd();
  const port = await freePort();
  const program = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--import', join(import.meta.dirname, 'loop-watch.ts'), 'apiserver/main.ts'],
      '--embedded',
      `--etcd-servers=${etcd.endpoint}`,
      `--secure-port=${port}`,
      `--cert-dir=${directory}/pki`,
      `--kubeconfig-dir=${directory}`,
      '--node-name=n1',
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  let output = '';
  for (const stream of [program.stdout, program.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const stop = async (): Promise<void> => {
    await end(program);
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const deadline = Date.now() + START_MS;
    while (!output.includes('"ready"')) {
      if (program.exitCode !== null || Date.now() > deadline) throw new Error(`the server did not start:\n${output}`);
      await delay(100);
    }
    const authority = await openAuthority(`${directory}/pki`, 'torpor-ca');
    return {
      port,
      ca: authority.certificate,
      async pairOf(commonName, ...organizations) {
        const key = await newPrivateKey();
        const subject = { commonName, organizations };
        const request = { subject, usages: ['client'] as const, names: [], days: 1 };
        return {
          key,
          certificate: await signCertificate(request, createPublicKey(createPrivateKey(key)), authority),
        };
      },
      async held() {
        program.send('held');
        const [answer] = (await once(program, 'message', { signal: AbortSignal.timeout(30_000) })) as [
          { heldMs: number },
        ];
        return answer.heldMs;
      },
      faults() {
        const lines = output.split('\n');
        output = lines.pop() ?? '';
        // What is no JSON was written by a library or by Node itself; gRPC speaks of its connections that way.
        return lines.filter(
          (line) =>
            /"level":"(?:error|fatal)"/.test(line) || (!line.startsWith('{') && !line.startsWith('E Connection')),
        );
      },
      get alive() {
        return program.exitCode === null && program.signalCode === null;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function end(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const ended = once(program, 'exit');
  program.kill('SIGTERM');
  const timer = setTimeout(() => program.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(timer);
}
