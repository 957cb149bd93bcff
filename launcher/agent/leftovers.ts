import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../base/log.ts';
import type { EmbeddedNetwork } from '../network/embedded-network.ts';
import type { Cgroups } from '../sandbox/cgroup.ts';

/**
 * What is on this host with our installation's mark and belongs to no record. Records lead to everything that an agent
 * made (record.ts R1), so this finds only what was left by a lost state directory or a removal that was cut short after
 * the record was gone.
 *
 * Nothing without our mark, and nothing outside our own directories, is touched.
 */
export interface LeftoverPlaces {
  readonly mark: string;
  /** Names of sandboxes that records lead to. */
  readonly owned: ReadonlySet<string>;
  /** Directories below `machines` without a record. */
  readonly strays: readonly string[];
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly cgroups: Cgroups;
  readonly network: Pick<EmbeddedNetwork, 'list' | 'cleanupOrphan'>;
  readonly log: Logger;
}

/** Resolves with the names of what was removed. */
export async function removeLeftovers(places: LeftoverPlaces): Promise<string[]> {
  const { mark, owned, strays, stateDirectory, runDirectory, cgroups, network, log } = places;
  const ownerless = (names: readonly string[]) => names.filter((name) => isSandboxName(name, mark) && !owned.has(name));
  const removed: string[] = [];
  const each = async (kind: string, names: readonly string[], remove: (name: string) => Promise<unknown>) => {
    for (const name of names) {
      try {
        await remove(name);
        removed.push(`${kind} ${name}`);
      } catch (error) {
        log.error({ err: error, kind, name }, 'a leftover cannot be removed');
      }
    }
  };
  // Processes first: nothing is taken from under a guest.
  await each('control group', ownerless(await cgroups.list(mark)), (name) => cgroups.destroy(name));
  await each('network', ownerless(await network.list()), (name) => network.cleanupOrphan(name));
  await each('sandbox', ownerless(await readdir(runDirectory).catch(() => [])), (name) =>
    rm(join(runDirectory, name), { recursive: true, force: true }),
  );
  await each('machine directory', strays, (name) =>
    rm(join(stateDirectory, 'machines', name), { recursive: true, force: true }),
  );
  if (removed.length > 0) log.warn({ removed }, 'removed what no record leads to');
  return removed;
}

function isSandboxName(name: string, mark: string): boolean {
  return name.startsWith(mark) && /^[0-9a-f]{8}$/.test(name);
}
