import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { writeAtomically } from '../../base/atomic-write.ts';
import type { ClusterHome } from './home.ts';

/**
 * The address that a cluster's servers listen on. Endpoints of Services must not be loopback addresses, and listening on
 * an address of the network would let others in: so it is one of our own, on the loopback interface.
 *
 * N1  What was put there is recorded before, so it is taken away again, whatever happens between.
 * N2  An address that stood there before is used and left alone.
 */
const run = promisify(execFile);

const recordOf = (home: ClusterHome) => path.join(home.run, 'address');

export async function addOwnAddress(home: ClusterHome, address: string): Promise<void> {
  const before = await recorded(home);
  if (before !== undefined && before !== address) await removeOwnAddress(home);
  if (await stands(address)) return;
  await writeAtomically(recordOf(home), `${address}\n`);
  await run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
}

/** False when there was none of ours. */
export async function removeOwnAddress(home: ClusterHome): Promise<boolean> {
  const address = await recorded(home);
  if (address === undefined) return false;
  if (await stands(address)) await run('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo']);
  await rm(recordOf(home), { force: true });
  return true;
}

async function recorded(home: ClusterHome): Promise<string | undefined> {
  const text = await readFile(recordOf(home), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.trim() || undefined;
}

async function stands(address: string): Promise<boolean> {
  const { stdout } = await run('ip', ['-json', 'address', 'show']);
  const links = JSON.parse(stdout) as { addr_info?: { local?: string }[] }[];
  return links.some(({ addr_info: addresses }) => addresses?.some(({ local }) => local === address));
}
