import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../base/atomic-write.ts';
import type { Logger } from '../../base/log.ts';
import type { EtcdStore } from '../../storage/etcd/etcd-store.ts';

/**
 * What this server has seen of etcd, in a file, so that a restored or another etcd is noticed after a restart too.
 *
 * Q1  The file never says more than was seen: a store that only grew is never refused.
 * Q2  It is written at most every `EVERY_MS` and at the end; a failure to write is logged and tried again.
 */
export interface Seen {
  readonly clusterId: string;
  readonly revision: bigint;
}

const EVERY_MS = 10_000;

/** Undefined when there is no file yet. Throws when it cannot be understood. */
export async function readSeen(path: string): Promise<Seen | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // A computer that lost its power may have left it empty.
  if (text === '') return undefined;
  const found = JSON.parse(text) as { clusterId?: unknown; revision?: unknown };
  if (typeof found.clusterId !== 'string' || !/^[1-9]\d{0,18}$/.test(String(found.revision))) {
    throw new Error(`${path} does not say what was seen of etcd; remove it when etcd is the one it should be`);
  }
  return { clusterId: found.clusterId, revision: BigInt(String(found.revision)) };
}

export function followSeen(path: string, store: Pick<EtcdStore, 'seen'>, logger: Logger) {
  let written: Seen | undefined;
  const write = async (): Promise<void> => {
    const { seen } = store;
    if (seen === undefined || (seen.clusterId === written?.clusterId && seen.revision === written.revision)) return;
    try {
      const text = JSON.stringify({ clusterId: seen.clusterId, revision: String(seen.revision) });
      await replaceFile(path, `${text}\n`, 0o600);
      written = seen;
    } catch (err) {
      logger.warn({ err, path }, 'what was seen of etcd could not be written');
    }
  };
  let writing = write();
  const timer = setInterval(() => {
    writing = writing.then(write);
  }, EVERY_MS);
  timer.unref();
  return {
    async stop(): Promise<void> {
      clearInterval(timer);
      await writing.then(write);
    },
  };
}
