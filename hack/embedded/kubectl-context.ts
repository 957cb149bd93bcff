import { chown, lstat, mkdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { isMap, isSeq, parse, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { writeAtomically } from '../../base/atomic-write.ts';

/**
 * The context `torpor` in a person's own kubeconfig, so that plain kubectl works after hack/up.
 *
 * K1  Entries of others are never changed, and comments stay. current-context is set only when it was absent or empty.
 * K2  remove takes away exactly the entries named torpor, and current-context only when it is torpor. A file that had
 *     nothing else goes too.
 */
const NAME = 'torpor';
const LISTS = ['clusters', 'users', 'contexts'] as const;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The person behind sudo, else nobody in particular. */
export function ownerBehindSudo(environment: NodeJS.ProcessEnv = process.env): Owner | undefined {
  const uid = Number(environment.SUDO_UID);
  const gid = Number(environment.SUDO_GID);
  return Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 ? { uid, gid } : undefined;
}

interface Kubeconfig {
  clusters?: { name: string; cluster: unknown }[];
  users?: { name: string; user: unknown }[];
  'current-context'?: string;
}

/** Adds or renews the context from the administrator's kubeconfig. Says whether plain kubectl now uses it. */
export async function addContext(
  target: string,
  adminKubeconfig: string,
  owner?: Owner,
): Promise<{ current: boolean }> {
  const admin = parse(await readFile(adminKubeconfig, 'utf8')) as Kubeconfig;
  const [cluster, user] = [admin.clusters?.[0]?.cluster, admin.users?.[0]?.user];
  if (cluster === undefined || user === undefined) throw new Error(`${adminKubeconfig} names no cluster or no user`);
  const document = parseDocument(await readText(target));
  if (document.errors.length > 0) throw new Error(`${target} is not valid YAML: ${document.errors[0]?.message}`);
  if (document.contents === null)
    document.contents = document.createNode({ apiVersion: 'v1', kind: 'Config' }) as never;
  const entries = {
    clusters: { name: NAME, cluster },
    users: { name: NAME, user },
    contexts: { name: NAME, context: { cluster: NAME, user: NAME } },
  };
  for (const list of LISTS) {
    const sequence = document.get(list);
    const node = document.createNode(entries[list]);
    if (!isSeq(sequence)) document.set(list, document.createNode([entries[list]]));
    else {
      const index = sequence.items.findIndex(isOurs);
      if (index < 0) sequence.items.push(node);
      else sequence.items[index] = node;
    }
  }
  if (!document.get('current-context')) document.set('current-context', NAME);
  const directory = path.dirname(target);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeAtomically(target, document.toString(), 0o600);
  if (owner !== undefined) {
    await chown(directory, owner.uid, owner.gid);
    await chown(target, owner.uid, owner.gid);
  }
  return { current: document.get('current-context') === NAME };
}

/** Takes the context away again (K2). Nothing happens when it is not there. */
export async function removeContext(target: string, owner?: Owner): Promise<void> {
  const text = await readText(target);
  if (text === '') return;
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return;
  let others = 0;
  let removed = 0;
  for (const list of LISTS) {
    const sequence = document.get(list);
    if (!isSeq(sequence)) continue;
    const before = sequence.items.length;
    sequence.items = (sequence as YAMLSeq).items.filter((item) => !isOurs(item));
    removed += before - sequence.items.length;
    others += sequence.items.length;
  }
  if (removed === 0) return;
  if (document.get('current-context') === NAME) document.set('current-context', '');
  if (others === 0) {
    await rm(target, { force: true });
    return;
  }
  await writeAtomically(target, document.toString(), 0o600);
  if (owner !== undefined) await chown(target, owner.uid, owner.gid);
}

function isOurs(item: unknown): boolean {
  return isMap(item) && (item as YAMLMap).get('name') === NAME;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Puts a link to the plugin on the PATH. False when a file of somebody else has that name. */
export async function linkPlugin(link: string, program: string): Promise<boolean> {
  const present = await readlink(link).catch(() => undefined);
  if (present === program) return true;
  const exists = await lstat(link).then(
    () => true,
    () => false,
  );
  if (exists && (present === undefined || !present.endsWith('/bin/kubectl-vm'))) return false;
  await rm(link, { force: true });
  await mkdir(path.dirname(link), { recursive: true });
  await symlink(program, link);
  return true;
}

/** Removes the link if it is ours. */
export async function unlinkPlugin(link: string, program: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === program) await rm(link, { force: true });
}
