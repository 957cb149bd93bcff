/** torpor-apiserver as its flags make it, in this process, over a real etcd. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import supertest from 'supertest';
import { apiserverFlags } from '../../apiserver/serving/flags.ts';
import { runApiServer } from '../../apiserver/serving/run.ts';
import { type Authority, type KeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { parseFlags } from '../../base/flags.ts';
import { createLogger } from '../../base/log.ts';
import { Shutdown } from '../../base/shutdown.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { freePort } from '../harness/free-port.ts';
import { issue } from './injected-server.ts';

export interface WholeServer {
  readonly etcd: TemporaryEtcd;
  readonly port: number;
  readonly directory: string;
  /** Our own: of the server's certificate and of our parts. */
  readonly own: Authority;
  /** supertest with a client certificate, or none. */
  as(pair?: KeyPair): ReturnType<typeof supertest.agent>;
  /** A certificate of our own authority. */
  user(commonName: string, ...organizations: string[]): Promise<KeyPair>;
  stop(): Promise<void>;
}

/** `flags` gets a directory of its own, which is there until `stop`. */
export async function startWholeServer(
  flags: (directory: string) => Promise<readonly string[]> | readonly string[],
): Promise<WholeServer> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-server-'));
  const [etcd, port] = await Promise.all([startEtcd(), freePort()]);
  const logger = createLogger('test', { level: (process.env.TORPOR_LOG_LEVEL ?? 'fatal') as 'fatal' });
  const shutdown = new Shutdown({ logger, exit: () => undefined });
  const stop = async (): Promise<void> => {
    await shutdown.stop(0);
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const outcome = parseFlags({ name: 'test', about: '', flags: apiserverFlags }, [
      `--cert-dir=${directory}/pki`,
      `--etcd-servers=${etcd.endpoint}`,
      `--secure-port=${port}`,
      ...(await flags(directory)),
    ]);
    if (outcome.kind !== 'run') throw new Error(outcome.kind === 'wrong' ? outcome.text : 'help');
    await runApiServer({ flags: outcome.flags, version: 'v0.1.0', logger, shutdown });
  } catch (error) {
    await stop();
    throw error;
  }
  const own = await openAuthority(join(directory, 'pki'), 'torpor-ca');
  const ca = await readFile(join(directory, 'pki/ca.crt'), 'utf8');
  return {
    etcd,
    port,
    directory,
    own,
    as: (pair) =>
      supertest
        .agent(`https://127.0.0.1:${port}`, { ca, ...(pair ? { cert: pair.certificate, key: pair.key } : {}) } as never)
        .set('User-Agent', 'suite/1'),
    user: (commonName, ...organizations) => issue(own, { commonName, organizations }),
    stop,
  };
}

/** Asks until the answer is as wanted; fails with the last answer after 10 s. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (attempt >= 200) throw new Error(`the wanted answer never came; the last was ${JSON.stringify(answer)}`);
    await delay(50);
  }
}
