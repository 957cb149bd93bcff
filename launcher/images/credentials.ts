import { createHash } from 'node:crypto';
import { ImageError } from './image-error.ts';
import type { ImageReference } from './reference.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Data of a Secret: `.dockerconfigjson` (kubernetes.io/dockerconfigjson) or the older `.dockercfg`. */
export type PullSecret = ReadonlyMap<string, Buffer>;

interface Entry {
  readonly auth?: unknown;
  readonly username?: unknown;
  readonly password?: unknown;
  readonly identitytoken?: unknown;
}

/**
 * The credentials that a pull secret holds for an image: the longest matching entry wins, as in the kubelet. An entry
 * is a host with an optional path (`registry.example/team`), with or without scheme; `*` stands for one label of the host.
 *
 * @returns undefined when the secret says nothing about this registry.
 * @throws ImageError ImageUnauthorized when the secret cannot be read. Its message never holds a part of the secret.
 */
export function credentialsFor(
  reference: ImageReference,
  secret: PullSecret,
  secretName: string,
): Credentials | undefined {
  const unreadable = (why: string) =>
    new ImageError(
      'ImageUnauthorized',
      `Secret "${secretName}" ${why}; make it with: kubectl create secret docker-registry`,
    );
  const modern = secret.get('.dockerconfigjson');
  const old = secret.get('.dockercfg');
  if (modern === undefined && old === undefined) throw unreadable('has no key .dockerconfigjson');
  let entries: unknown;
  try {
    entries = modern ? JSON.parse(modern.toString('utf8')).auths : JSON.parse((old as Buffer).toString('utf8'));
  } catch {
    throw unreadable('does not hold JSON under its key .dockerconfigjson');
  }
  if (typeof entries !== 'object' || entries === null) throw unreadable('has no "auths"');
  const matching = Object.entries(entries as Record<string, Entry>)
    .filter(([key]) => matches(key, reference))
    .sort(([a], [b]) => bareKey(b).length - bareKey(a).length);
  const entry = matching[0]?.[1];
  if (entry === undefined) return undefined;
  return readEntry(entry) ?? fail(unreadable(`has an entry for ${reference.domain} without username and password`));
}

function fail(error: Error): never {
  throw error;
}

function readEntry(entry: Entry): Credentials | undefined {
  if (typeof entry.username === 'string' && typeof entry.password === 'string') {
    return { username: entry.username, password: entry.password };
  }
  if (typeof entry.auth !== 'string') return undefined;
  const text = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** `https://index.docker.io/v1/` is how Docker writes its own registry. */
function bareKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  return /^(?:index\.docker\.io|registry-1\.docker\.io)(?:\/v[12])?$/.test(bare)
    ? 'docker.io'
    : bare.replace(/\/v[12]$/, '');
}

function matches(key: string, reference: ImageReference): boolean {
  const [host = '', ...path] = bareKey(key).split('/');
  const labels = host.toLowerCase().split('.');
  const wanted = reference.domain.toLowerCase().split('.');
  if (labels.length !== wanted.length) return false;
  if (!labels.every((label, index) => label === '*' || label === wanted[index])) return false;
  const prefix = path.join('/');
  return prefix === '' || reference.repository === prefix || reference.repository.startsWith(`${prefix}/`);
}

/** Tells credentials apart without keeping them: what a cache entry remembers of who was let in. */
export function fingerprint(credentials: Credentials | undefined): string {
  if (credentials === undefined) return 'anonymous';
  return createHash('sha256').update(`${credentials.username}\0${credentials.password}`).digest('hex');
}
