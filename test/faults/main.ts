import { flag, flagsOrExit } from '../../base/flags.ts';
import { bringBack, kubectl, up } from '../harness/embedded.ts';
import { eventually } from '../harness/eventually.ts';
import { startFakeRegistry } from '../harness/fake-registry.ts';
import { randomOf, shuffled } from './chance.ts';
import { MOMENTS } from './moments.ts';
import { playRound, type Round, VICTIMS } from './round.ts';

/**
 * hack/soak faults: kill -9 of every process at every moment of a machine's life, at random times. The pairs come in
 * random order, all of them before one comes again; the seed makes a run repeatable but for what the computer adds.
 */
interface Cell {
  readonly victim: (typeof VICTIMS)[number];
  readonly moment: (typeof MOMENTS)[number];
  readonly rounds: Round[];
  failures: number;
}

async function main(): Promise<void> {
  const flags = flagsOrExit({
    name: 'hack/soak faults',
    about: 'Kills processes of an embedded Torpor at random moments and checks that it comes back to the same state.',
    flags: {
      rounds: flag.integer({
        about: `Kills; ${VICTIMS.length * MOMENTS.length} hit every process at every moment once.`,
        fallback: VICTIMS.length * MOMENTS.length,
        min: 1,
        max: 10_000,
      }),
      seed: flag.integer({ about: 'Seed of the random order and times; a random one by default.', min: 1 }),
      victims: flag.list({ about: `Only these processes; default ${VICTIMS.join(',')}.` }),
      moments: flag.list({ about: `Only these moments; default ${MOMENTS.map(({ name }) => name).join(',')}.` }),
    },
  });
  const seed = flags.seed ?? Math.floor(Math.random() * 1e9) + 1;
  const cells = VICTIMS.flatMap((victim) =>
    MOMENTS.map((moment): Cell => ({ victim, moment, rounds: [], failures: 0 })),
  )
    .filter(({ victim }) => flags.victims.length === 0 || flags.victims.includes(victim))
    .filter(({ moment }) => flags.moments.length === 0 || flags.moments.includes(moment.name));
  if (cells.length === 0) throw new Error('no process and moment has such a name; see --help');
  console.log(`${flags.rounds} rounds, --seed=${seed}`);
  const random = randomOf(seed);
  await up();
  const registry = await startFakeRegistry();
  try {
    let waiting: Cell[] = [];
    for (let round = 1; round <= flags.rounds; round += 1) {
      if (waiting.length === 0) waiting = shuffled(cells, random);
      const cell = waiting.pop();
      if (cell === undefined) break;
      const delayMs = Math.floor(random() * cell.moment.spreadMs);
      const what = `round ${round}: ${cell.victim} while ${cell.moment.name}, after ${delayMs} ms`;
      try {
        const played = await playRound(`soak-${round}`, cell.moment, cell.victim, delayMs, registry);
        cell.rounds.push(played);
        const how = played.hit ? 'killed' : 'not there';
        console.log(`${what}: ${how}, ${cell.moment.ends} after ${(played.recoveredMs / 1000).toFixed(1)} s`);
      } catch (error) {
        cell.failures += 1;
        process.exitCode = 1;
        console.log(`${what}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
        await startOver();
      }
    }
  } finally {
    await registry.stop();
  }
  printTable(cells);
}

/** After a failure: nothing of it may spoil the next round. */
async function startOver(): Promise<void> {
  await bringBack();
  await kubectl(['delete', 'vm', '--all', '--wait=false']);
  await eventually('no machine is left', 120_000, async () =>
    (await kubectl(['get', 'vm', '-o', 'name'])).trim() === '' ? true : undefined,
  ).catch((error: unknown) => console.log(String(error)));
}

/** For each process and moment: kills, or kills with failures; `.` was never there to be killed, blank was not tried. */
function printTable(cells: readonly Cell[]): void {
  const names = MOMENTS.map(({ name }) => name);
  const row = (head: string, columns: readonly string[]) =>
    [head.padEnd(12), ...columns.map((text) => text.padStart(12))].join('');
  console.log(`\n${row('killed', names)}`);
  for (const victim of VICTIMS) {
    const columns = names.map((name) => {
      const cell = cells.find((one) => one.victim === victim && one.moment.name === name);
      if (cell === undefined || cell.rounds.length + cell.failures === 0) return '';
      const hits = cell.rounds.filter(({ hit }) => hit).length;
      if (cell.failures > 0) return `${cell.failures} FAILED`;
      return hits === 0 ? '.' : `${hits} ok`;
    });
    console.log(row(victim, columns));
  }
  const rounds = cells.flatMap((cell) => cell.rounds);
  const hits = rounds.filter(({ hit }) => hit).length;
  const failures = cells.reduce((sum, cell) => sum + cell.failures, 0);
  const longest = Math.max(0, ...rounds.map(({ recoveredMs }) => recoveredMs));
  console.log(`\n${hits} kills survived, ${failures} failures, longest recovery ${(longest / 1000).toFixed(1)} s`);
}

main().catch((error: unknown) => {
  console.error(`hack/soak: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
