import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, ensureKeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { startEtcd, type TemporaryEtcd } from './etcd.ts';
import { freePort } from './free-port.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** A member of a cluster. Its clients come through the proxy, which can cut it off from them. */
export interface ClusterMember extends TemporaryEtcd {
  readonly proxy: TcpProxy;
}

/**
 * A real etcd of three members with TLS on all sides: members know each other by certificates of one authority, and demand
 * one of it from clients.
 */
export interface EtcdCluster {
  readonly members: readonly ClusterMember[];
  /** "https://127.0.0.1:PORT" of each member, through its proxy. */
  readonly endpoints: readonly string[];
  /** PEM files for clients. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly authority: Authority;
  readonly directory: string;
  /** The member that leads now, by the word of a member that runs. */
  leader(): Promise<ClusterMember>;
  stop(): Promise<void>;
}

const NAMES = ['m0', 'm1', 'm2'] as const;
const SUBJECT = { commonName: 'etcd' };

export async function startEtcdCluster(): Promise<EtcdCluster> {
  let failure: unknown;
  // Ports that were free a moment ago can be taken by the next.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function start(): Promise<EtcdCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-etcd-cluster-'));
  const authority = await openAuthority(directory, 'etcd-ca');
  const names = ['127.0.0.1'];
  await ensureKeyPair(
    directory,
    'server',
    { subject: SUBJECT, usages: ['server', 'client'], names, days: 2 },
    authority,
  );
  await ensureKeyPair(directory, 'client', { subject: SUBJECT, usages: ['client'], days: 2 }, authority);
  const file = (name: string) => join(directory, name);
  const ca = file('ca.crt');
  const tls = { ca, cert: file('server.crt'), key: file('server.key') };
  const peers = await Promise.all(NAMES.map(async () => `https://127.0.0.1:${await freePort()}`));
  const initial = NAMES.map((name, i) => `${name}=${peers[i]}`).join(',');
  const started = await Promise.allSettled(
    NAMES.map((name, i) =>
      startEtcd({
        tls,
        flags: [
          `--name=${name}`,
          `--initial-cluster=${initial}`,
          `--listen-peer-urls=${peers[i]}`,
          `--initial-advertise-peer-urls=${peers[i]}`,
          ...[`--peer-cert-file=${tls.cert}`, `--peer-key-file=${tls.key}`, `--peer-trusted-ca-file=${ca}`],
          '--peer-client-cert-auth',
          // Slower than a lone member: on a busy machine heartbeats come late.
          ...['--heartbeat-interval=100', '--election-timeout=1000'],
        ],
      }),
    ),
  );
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stopAll = async (): Promise<void> => {
    await Promise.all(running.map((member) => member.stop()));
    await rm(directory, { recursive: true, force: true });
  };
  const failed = started.find((one): one is PromiseRejectedResult => one.status === 'rejected');
  if (failed !== undefined) {
    await stopAll();
    throw failed.reason;
  }
  const members = await Promise.all(
    running.map(
      async (member): Promise<ClusterMember> => Object.assign(member, { proxy: await TcpProxy.start(member.port) }),
    ),
  );
  const files = { ca, cert: file('client.crt'), key: file('client.key') };
  return {
    members,
    endpoints: members.map(({ proxy }) => `https://127.0.0.1:${proxy.port}`),
    files,
    authority,
    directory,
    async leader() {
      for (const member of members) {
        const status = await statusOf(member.port, files).catch(() => undefined);
        if (status === undefined) continue;
        for (const other of members) {
          const found = await statusOf(other.port, files).catch(() => undefined);
          if (found?.member === status.leader) return other;
        }
      }
      throw new Error('no member says who leads');
    },
    async stop() {
      await Promise.all(members.map(({ proxy }) => proxy.close()));
      await stopAll();
    },
  };
}

/** Ids of the member itself and of the one that it takes for the leader, over etcd's JSON gateway. */
async function statusOf(port: number, files: EtcdCluster['files']): Promise<{ member: string; leader: string }> {
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map((path) => readFile(path)));
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path: '/v3/maintenance/status', method: 'POST', ca, cert, key, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const { header, leader } = JSON.parse(text) as { header: { member_id: string }; leader: string };
          resolve({ member: header.member_id, leader });
        });
      },
    );
    asked.setTimeout(1_000, () => asked.destroy(new Error('no answer')));
    asked.on('error', reject).end('{}');
  });
}
