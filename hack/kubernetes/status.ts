import { flagsOrExit } from '../../base/flags.ts';
import { logFile, stateOf } from '../embedded/detached.ts';
import { clusterHomeAt } from './home.ts';
import { everyComponent } from './processes.ts';
import { homeFlag } from './settings.ts';

/** hack/cluster status: a line for each process that was started. Exits with 1 when one of them died, or none is there. */
async function main(): Promise<void> {
  const given = flagsOrExit({ name: 'hack/cluster status', about: 'Says what runs.', flags: homeFlag });
  const home = clusterHomeAt(given.home);
  let running = 0;
  for (const { name } of everyComponent(home)) {
    const state = await stateOf(home, name);
    switch (state.kind) {
      case 'running':
        running += 1;
        console.log(`${name.padEnd(24)} running   process ${state.record.identity.pid}`);
        break;
      case 'dead':
        process.exitCode = 1;
        console.log(`${name.padEnd(24)} dead      see ${logFile(home, name)}; hack/cluster up starts it again`);
        break;
      case 'absent':
        break;
    }
  }
  if (running === 0) {
    process.exitCode = 1;
    console.log(`No cluster runs in ${home.root}; hack/cluster up starts one.`);
  }
}

main().catch((error: unknown) => {
  console.error(`hack/cluster status: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
