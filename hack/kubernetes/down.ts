import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { flag, flagsOrExit } from '../../base/flags.ts';
import { stop } from '../embedded/detached.ts';
import { createProgress } from '../embedded/progress.ts';
import { clusterHomeAt } from './home.ts';
import { removeOwnAddress } from './own-address.ts';
import { everyComponent } from './processes.ts';
import { homeFlag } from './settings.ts';

/** hack/cluster down: ends the processes in the reverse order of their start, and takes the address away. */
const flags = {
  ...homeFlag,
  purge: flag.toggle({ about: 'Remove all data too: objects, keys, logs.' }),
};

async function main(): Promise<void> {
  const given = flagsOrExit({ name: 'hack/cluster down', about: 'Stops the cluster.', flags });
  if (process.getuid?.() !== 0) throw new Error('must run as root; ./hack/cluster takes care of that');
  const home = clusterHomeAt(given.home);
  if (!existsSync(home.kubeconfigs)) throw new Error(`there is no cluster in ${home.root}`);
  const progress = createProgress();
  for (const { name, title, graceMs } of [...everyComponent(home)].reverse()) {
    await progress.step(
      title,
      () => stop(home, name, graceMs),
      (outcome) => (outcome === 'absent' ? 'was not running' : outcome),
    );
  }
  await progress.step(
    'address',
    () => removeOwnAddress(home),
    (removed) => (removed ? 'removed' : 'was not there'),
  );
  await rm(home.run, { recursive: true, force: true });
  if (given.purge) {
    await progress.step(
      'data',
      () => rm(home.root, { recursive: true, force: true }),
      () => `removed ${home.root}`,
    );
  } else progress.note(`Objects and keys are kept in ${home.root}; hack/cluster down --purge removes them.`);
}

main().catch((error: unknown) => {
  console.error(`\nhack/cluster down: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
