/** Our whole server behind a host cluster under the test's control, over a real etcd. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
import { TestHost } from './test-host.ts';

export interface BehindHost {
  readonly host: TestHost;
  readonly etcd: TemporaryEtcd;
  readonly port: number;
  readonly directory: string;
  /** Our own: of the server's certificate and of our parts. */
  readonly own: Authority;
  /** Of the host cluster's users. */
  readonly users: Authority;
  /** Of its front proxy. */
  readonly proxies: Authority;
  /** supertest with a client certificate, or none. */
  as(pair?: KeyPair): ReturnType<typeof supertest.agent>;
  /** A user of the host cluster. */
  user(commonName: string, ...organizations: string[]): Promise<KeyPair>;
  /** What the ConfigMap says in the ordinary case. */
  authentication(more?: Record<string, string>): Record<string, string>;
  stop(): Promise<void>;
}

export async function startBehindHost(...more: string[]): Promise<BehindHost> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-behind-'));
  const [host, etcd, port] = await Promise.all([new TestHost().start(), startEtcd(), freePort()]);
  const [users, proxies] = await Promise.all([
    openAuthority(join(directory, 'users'), 'kubernetes'),
    openAuthority(join(directory, 'proxies'), 'front-proxy-ca'),
  ]);
  const authentication = (changed: Record<string, string> = {}) => ({
    'client-ca-file': users.certificate,
    'requestheader-client-ca-file': proxies.certificate,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    ...changed,
  });
  host.authentication = authentication();
  await writeFile(join(directory, 'host.kubeconfig'), host.kubeconfig);
  const logger = createLogger('test', { level: (process.env.TORPOR_LOG_LEVEL ?? 'fatal') as 'fatal' });
  const shutdown = new Shutdown({ logger, exit: () => undefined });
  const outcome = parseFlags({ name: 'test', about: '', flags: apiserverFlags }, [
    `--kubeconfig=${directory}/host.kubeconfig`,
    `--cert-dir=${directory}/pki`,
    `--etcd-servers=${etcd.endpoint}`,
    `--secure-port=${port}`,
    ...more,
  ]);
  if (outcome.kind !== 'run') throw new Error(outcome.text);
  await runApiServer({ flags: outcome.flags, version: 'v0.1.0', logger, shutdown });
  const own = await openAuthority(join(directory, 'pki'), 'torpor-ca');
  const ca = await readFile(join(directory, 'pki/ca.crt'), 'utf8');
  return {
    host,
    etcd,
    port,
    directory,
    own,
    users,
    proxies,
    authentication,
    as: (pair) =>
      supertest
        .agent(`https://127.0.0.1:${port}`, { ca, ...(pair ? { cert: pair.certificate, key: pair.key } : {}) } as never)
        .set('User-Agent', 'suite/1'),
    user: (commonName, ...organizations) => issue(users, { commonName, organizations }),
    async stop() {
      await shutdown.stop(0);
      await etcd.stop();
      await host.stop();
      await rm(directory, { recursive: true, force: true });
    },
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
