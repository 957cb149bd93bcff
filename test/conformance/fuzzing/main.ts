import { flag, flagsOrExit } from '../../../base/flags.ts';
import { Bench } from './bench.ts';
import { properties } from './properties.ts';

/** hack/soak fuzz: bad input of every kind against one server, round after round with new seeds, for as long as told. */
async function main(): Promise<number> {
  const flags = flagsOrExit({
    name: 'hack/soak fuzz',
    about: 'Sends bad input to an API server of its own, and fails at the first answer that must not be.',
    flags: {
      minutes: flag.integer({ about: 'How long.', fallback: 10, min: 1, max: 1_440 }),
      seed: flag.integer({ about: 'Seed of the first round; a random one by default.', min: 1 }),
      runs: flag.integer({ about: 'Cases of each property in a round.', fallback: 300, min: 1, max: 100_000 }),
      properties: flag.list({ about: `Only these: ${properties.map(({ name }) => name).join(', ')}.` }),
    },
  });
  const chosen = properties.filter(({ name }) => flags.properties.length === 0 || flags.properties.includes(name));
  if (chosen.length === 0) throw new Error('no property has such a name; see --help');
  const end = Date.now() + flags.minutes * 60_000;
  let seed = flags.seed ?? Math.floor(Math.random() * 2 ** 31);
  const bench = await Bench.start();
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopping = true;
      void bench.stop().finally(() => process.exit(130));
    });
  }
  try {
    for (let round = 1; Date.now() < end; round += 1, seed += 1) {
      for (const { name, check } of chosen) {
        try {
          await check(bench, { seed, runs: flags.runs });
          await bench.settle();
        } catch (error) {
          if (stopping) return 130;
          const again = `hack/soak fuzz --seed=${seed} --runs=${flags.runs} --properties=${JSON.stringify(name)}`;
          console.error(`${name} failed in round ${round} (${again}):\n${(error as Error).message}`);
          return 1;
        }
        await bench.restore();
      }
      const held = bench.longestHeldMs.toFixed(0);
      console.log(`round ${round}, --seed=${seed}: well; ${bench.requests} requests, loop held ${held} ms at most`);
    }
    return 0;
  } finally {
    await bench.stop();
  }
}

process.exitCode = await main();
