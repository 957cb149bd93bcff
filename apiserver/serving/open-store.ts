import { join } from 'node:path';
import type { FlagValues } from '../../base/flags.ts';
import type { Logger } from '../../base/log.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Shutdown } from '../../base/shutdown.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { type EtcdOptions, readEtcdTls } from '../../storage/etcd/options.ts';
import { StoreReplaced } from '../../storage/store.ts';
import { etcdMetrics, storeSize } from './etcd-metrics.ts';
import type { apiserverFlags } from './flags.ts';
import { parsePair } from './pair.ts';
import { followSeen, readSeen } from './seen.ts';
import { WatchedFiles } from './watched-files.ts';

export interface StoreParts {
  readonly flags: FlagValues<typeof apiserverFlags>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

/** The store of the flags; its certificates are followed, and what was seen of it is remembered over restarts (seen.ts). */
export async function openStore({ flags, metrics, logger, shutdown }: StoreParts) {
  const seenFile = join(flags['cert-dir'], 'etcd-seen.json');
  const seen = await readSeen(seenFile);
  const accepted = flags['etcd-restored'];
  const tls = await followEtcdTls(flags, logger);
  const store = new EtcdStore({
    servers: flags['etcd-servers'],
    prefix: flags['etcd-prefix'],
    ...(tls === undefined ? {} : { tls: tls.value }),
    ...(seen === undefined || accepted ? {} : { known: seen }),
    log: logger,
    observe: etcdMetrics(metrics),
    compactEveryMs: flags['etcd-compaction-interval'],
  });
  shutdown.add('store', () => store.close());
  storeSize(metrics, store);
  if (tls !== undefined) {
    tls.onChange((value) => store.useTls(value));
    shutdown.add('certificates for etcd', () => tls.close());
  }
  return {
    store,
    /** For checks: throws why the store does not answer within so many milliseconds. */
    async answers(patienceMs: number): Promise<void> {
      await store.answers(patienceMs).catch((error: unknown) => {
        if (!(error instanceof StoreReplaced)) throw error;
        throw new Error(`${error.message}; if that was done on purpose, start this server once with --etcd-restored`);
      });
    },
    /** Before the store is read: a restored one is made so that no client takes it for the one before. */
    async begin(): Promise<void> {
      if (accepted && seen !== undefined) {
        const newest = await store.newestRevision();
        if (store.seen?.clusterId !== seen.clusterId || newest < seen.revision) {
          const revision = await store.raise(seen.revision);
          logger.warn({ from: String(newest), revision: String(revision) }, 'the restored etcd is taken as the store');
        }
      }
      const following = followSeen(seenFile, store, logger);
      shutdown.add('what was seen of etcd', () => following.stop());
    },
  };
}

async function followEtcdTls(
  flags: StoreParts['flags'],
  logger: Logger,
): Promise<WatchedFiles<NonNullable<EtcdOptions['tls']>> | undefined> {
  const [caFile, certFile, keyFile] = [flags['etcd-cafile'], flags['etcd-certfile'], flags['etcd-keyfile']];
  // For the errors that name the flag.
  const first = await readEtcdTls({
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  });
  if (first === undefined || caFile === undefined) return undefined;
  const parse = ([ca = '', ...texts]: readonly string[]): NonNullable<EtcdOptions['tls']> => {
    if (texts.length === 0) return { ca: Buffer.from(ca) };
    const { certificate, key } = parsePair(texts);
    return { ca: Buffer.from(ca), cert: Buffer.from(certificate), key: Buffer.from(key) };
  };
  const paths = certFile === undefined || keyFile === undefined ? [caFile] : [caFile, certFile, keyFile];
  return WatchedFiles.open(paths, parse, logger);
}
