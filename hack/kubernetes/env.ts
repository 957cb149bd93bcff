import { access } from 'node:fs/promises';
import { flagsOrExit } from '../../base/flags.ts';
import { clusterHomeAt } from './home.ts';
import { homeFlag } from './settings.ts';

/** hack/cluster env: what a shell evaluates so that kubectl talks to the cluster. */
async function main(): Promise<void> {
  const given = flagsOrExit({ name: 'hack/cluster env', about: 'Prints what a shell needs.', flags: homeFlag });
  const { kubeconfig, root } = clusterHomeAt(given.home);
  await access(kubeconfig).catch(() => {
    throw new Error(`there is no cluster in ${root}; hack/cluster up makes one`);
  });
  console.log(`export KUBECONFIG='${kubeconfig.replaceAll("'", "'\\''")}'`);
}

main().catch((error: unknown) => {
  console.error(`hack/cluster env: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
