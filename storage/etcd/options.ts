import { readFile } from 'node:fs/promises';
import type { Logger } from '../../base/log.ts';

export interface EtcdOptions {
  /** "http://HOST:PORT" or "https://…"; all of one kind. */
  readonly servers: readonly string[];
  /** All keys are below this; see layout.ts. */
  readonly prefix: string;
  /** PEM. Required for https with a CA of one's own; `cert` and `key` when etcd demands client certificates. */
  readonly tls?: { readonly ca: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds for one call (S9); a write whose answer is lost has as much again to find out. 5,000 when absent. */
  readonly callDeadlineMs?: number;
  /** Milliseconds between pings of a connection, and until an unanswered ping means it is dead. 10,000 and 5,000 when absent. */
  readonly pingEveryMs?: number;
  readonly pingTimeoutMs?: number;
  /** Milliseconds between two compactions: history between once and twice this old is kept. 0: never. 300,000 when absent. */
  readonly compactEveryMs?: number;
  /** What was seen of the store by a process before this one: an older or another store is not served (S12). */
  readonly known?: { readonly clusterId: string; readonly revision: bigint };
  /** Told about every call and the key or prefix that it is about ('' when about none), for metrics. */
  readonly observe?: (operation: EtcdOperation, key: string, seconds: number, ok: boolean) => void;
}

/** A transaction goes by its first change. */
export const ETCD_OPERATIONS = [
  'get',
  'list',
  'create',
  'update',
  'delete',
  'newest',
  'compact',
  'fence',
  'raise',
] as const;
export type EtcdOperation = (typeof ETCD_OPERATIONS)[number];

/** The flags --etcd-cafile, --etcd-certfile and --etcd-keyfile, as kube-apiserver names them. */
export interface EtcdFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Reads the PEM files; undefined when none is named. Throws an error that names the flag when they do not belong together. */
export async function readEtcdTls(files: EtcdFiles): Promise<NonNullable<EtcdOptions['tls']> | undefined> {
  const { caFile, certFile, keyFile } = files;
  if (caFile === undefined && certFile === undefined && keyFile === undefined) return undefined;
  if (caFile === undefined) throw new Error('--etcd-certfile and --etcd-keyfile need --etcd-cafile');
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new Error('--etcd-certfile and --etcd-keyfile go together: give both or none');
  }
  const ca = await readPem('--etcd-cafile', caFile);
  if (certFile === undefined || keyFile === undefined) return { ca };
  return { ca, cert: await readPem('--etcd-certfile', certFile), key: await readPem('--etcd-keyfile', keyFile) };
}

async function readPem(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Error(`${flag} ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
