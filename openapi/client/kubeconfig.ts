import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { type Authorization, type Connection, createConnection } from './connection.ts';

/**
 * A light reader of kubeconfig files: clusters, users with certificates or tokens, contexts, KUBECONFIG with several
 * files (the first to name a thing wins). A user that needs a plugin to log in is handed to kubernetes.ts.
 *
 * Files named in a kubeconfig are read again when they are a minute old, so that renewed certificates and tokens are
 * taken up without a restart.
 */
export interface KubeconfigOptions {
  /** A file; absent = $KUBECONFIG, else ~/.kube/config. */
  readonly path?: string | undefined;
  /** Name of a context; absent = current-context. */
  readonly context?: string | undefined;
}

export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

export interface Cluster {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
}

export interface User {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  exec?: unknown;
  'auth-provider'?: unknown;
  as?: string;
}

interface Context {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** An entry and the directory of the file that it stands in: relative paths start there. */
export interface Found<T> {
  readonly value: T;
  readonly directory: string;
}

const REREAD_AFTER_MS = 60_000;

/** Connects as the kubeconfig says; loads @kubernetes/client-node only for users that need it. Throws KubeconfigError. */
export async function connect(options: KubeconfigOptions = {}): Promise<Connection> {
  const files = kubeconfigPaths(options.path);
  const documents = await Promise.all(files.map((file) => readDocument(file, files.length > 1)));
  const found = documents.filter((document) => document !== undefined);
  if (found.length === 0)
    throw new KubeconfigError(`no kubeconfig found at ${files.join(', ')}; set KUBECONFIG or pass one`);

  const contextName = options.context ?? found.map(({ value }) => text(value['current-context'])).find(Boolean);
  if (!contextName) throw new KubeconfigError(`${files.join(', ')}: no current-context is set; name a context`);
  const context = entry<Context>(found, 'contexts', 'context', contextName);
  const cluster = entry<Cluster>(found, 'clusters', 'cluster', context.value.cluster ?? '');
  const user = context.value.user
    ? entry<User>(found, 'users', 'user', context.value.user)
    : { value: {}, directory: context.directory };

  if (user.value.exec || user.value['auth-provider'] || user.value.as || cluster.value['proxy-url']) {
    const { connectWithClientNode } = await import('./kubernetes.ts');
    return connectWithClientNode({ path: options.path, context: contextName });
  }
  if (!cluster.value.server)
    throw new KubeconfigError(`cluster "${context.value.cluster}" of the kubeconfig has no server`);
  return createConnection({
    server: cluster.value.server,
    ...(context.value.namespace ? { namespace: context.value.namespace } : {}),
    authorize: authorizer(cluster, user),
  });
}

export function kubeconfigPaths(path?: string): string[] {
  if (path) return [resolve(path)];
  const listed = (process.env.KUBECONFIG ?? '').split(delimiter).filter(Boolean);
  return listed.length > 0 ? listed.map((file) => resolve(file)) : [join(homedir(), '.kube', 'config')];
}

type Document = Found<Record<string, unknown>>;

async function readDocument(file: string, mayBeAbsent: boolean): Promise<Document | undefined> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (mayBeAbsent && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KubeconfigError(`cannot read the kubeconfig ${file}: ${(error as Error).message}`);
  }
  let value: unknown;
  try {
    value = parse(content);
  } catch (error) {
    throw new KubeconfigError(`the kubeconfig ${file} is not valid YAML: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null) throw new KubeconfigError(`the kubeconfig ${file} is empty`);
  return { value: value as Record<string, unknown>, directory: dirname(file) };
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

function entry<T>(documents: readonly Document[], list: string, member: string, name: string): Found<T> {
  for (const { value, directory } of documents) {
    const items = value[list];
    if (!Array.isArray(items)) continue;
    const item = items.find((candidate: unknown) => (candidate as { name?: unknown } | null)?.name === name);
    if (item) return { value: ((item as Record<string, unknown>)[member] ?? {}) as T, directory };
  }
  throw new KubeconfigError(`the kubeconfig has no ${member} named "${name}"`);
}

/** Bytes from `…-data`, or from the file, which is read again when a minute old. */
function source(
  data: string | undefined,
  file: string | undefined,
  directory: string,
): () => Promise<Buffer | undefined> {
  if (data !== undefined) {
    const bytes = Buffer.from(data, 'base64');
    return async () => bytes;
  }
  if (file === undefined) return async () => undefined;
  const path = resolve(directory, file);
  let bytes: Buffer | undefined;
  let readAt = 0;
  return async () => {
    if (bytes && Date.now() - readAt < REREAD_AFTER_MS) return bytes;
    try {
      bytes = await readFile(path);
    } catch (error) {
      if (!bytes)
        throw new KubeconfigError(`cannot read ${path}, which the kubeconfig names: ${(error as Error).message}`);
    }
    readAt = Date.now();
    return bytes;
  };
}

/** Credentials for the next request, from what cluster and user say. */
export function authorizer(cluster: Found<Cluster>, user: Found<User>): () => Promise<Authorization> {
  const authority = source(
    cluster.value['certificate-authority-data'],
    cluster.value['certificate-authority'],
    cluster.directory,
  );
  const certificate = source(user.value['client-certificate-data'], user.value['client-certificate'], user.directory);
  const key = source(user.value['client-key-data'], user.value['client-key'], user.directory);
  const tokenFile = source(undefined, user.value.tokenFile, user.directory);
  const { token, username, password } = user.value;
  const servername = cluster.value['tls-server-name'];
  return async () => {
    const [ca, cert, privateKey, tokenBytes] = await Promise.all([authority(), certificate(), key(), tokenFile()]);
    const bearer = tokenBytes?.toString('utf8').trim() || token;
    const authorization = bearer
      ? `Bearer ${bearer}`
      : username
        ? `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
        : undefined;
    return {
      tls: {
        ...(ca ? { ca } : {}),
        ...(cert ? { cert } : {}),
        ...(privateKey ? { key: privateKey } : {}),
        ...(servername ? { servername } : {}),
        ...(cluster.value['insecure-skip-tls-verify'] ? { rejectUnauthorized: false } : {}),
      },
      headers: authorization ? { authorization } : {},
    };
  };
}
