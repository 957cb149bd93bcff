import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flag, flagsOrExit } from '../../base/flags.ts';
import { up } from '../harness/embedded.ts';
import { measureApi } from './api/api.ts';
import { measureIdle } from './idle.ts';
import { page, type Reports } from './page.ts';
import { measureStart } from './start.ts';

/** hack/bench: runs the named measurements on an embedded system of its own and keeps the raw samples. */
const root = fileURLToPath(new URL('../..', import.meta.url));

async function main(): Promise<void> {
  const flags = flagsOrExit({
    name: 'hack/bench',
    about: 'Measures what SPECIFICATION.md promises and writes the samples to docs/performance/.',
    flags: {
      only: flag.list({ about: 'Measurements to run: api, idle, start.', fallback: ['idle', 'start', 'api'] }),
      pairs: flag.integer({ about: 'Pairs of starts.', fallback: 12, min: 1, max: 1000 }),
      rounds: flag.integer({ about: 'Rounds of each measurement of the API.', fallback: 6, min: 1, max: 100 }),
      seconds: flag.integer({ about: 'Seconds of one load of the API.', fallback: 5, min: 1, max: 60 }),
      objects: flag.integer({ about: 'Objects in a long list.', fallback: 10_000, min: 100, max: 100_000 }),
      'idle-seconds': flag.integer({ about: 'Seconds to watch the idle system.', fallback: 60, min: 1, max: 3600 }),
    },
  });
  if (flags.only.some((name) => name !== 'api')) await up(['tiny']);
  for (const name of flags.only) {
    switch (name) {
      case 'idle': {
        const report = await measureIdle(15, flags['idle-seconds']);
        for (const { name: process, cpuPercent, residentMebibytes } of report.processes)
          console.log(
            `${process.padEnd(12)} ${cpuPercent.toFixed(2)} % of a core, ${residentMebibytes.toFixed(0)} MiB`,
          );
        console.log(
          `together     ${report.cpuPercent.toFixed(2)} % of a core (promised: under 2 %): ${verdict(report.kept)}`,
        );
        keep('idle', report);
        break;
      }
      case 'start': {
        const report = await measureStart(flags.pairs, console.log);
        const { torporMedian, bareMedian, promised } = report;
        console.log(
          `median ${torporMedian.toFixed(1)} ms against ${bareMedian.toFixed(1)} ms by hand; promised ${promised.toFixed(1)} ms: ${verdict(report.kept)}`,
        );
        keep('start', report);
        break;
      }
      case 'api': {
        const { seconds, objects, rounds } = flags;
        const report = await measureApi({ pairs: rounds, seconds, objects }, console.log);
        console.log(`the API against a custom resource: ${verdict(report.kept)}`);
        keep('api', report);
        break;
      }
      default:
        throw new Error(`there is no measurement ${JSON.stringify(name)}; there are api, idle and start`);
    }
  }
}

function verdict(kept: boolean): string {
  if (!kept) process.exitCode = 1;
  return kept ? 'kept' : 'NOT KEPT';
}

function keep(name: string, report: object): void {
  const directory = join(root, 'docs/performance');
  mkdirSync(directory, { recursive: true });
  const about = { measuredAt: new Date().toISOString(), processor: cpus()[0]?.model, cores: cpus().length };
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify({ ...about, ...report }, undefined, 1)}\n`);
  const kept = ['api', 'start', 'idle']
    .map((one) => [one, join(directory, `${one}.json`)] as const)
    .filter(([, file]) => existsSync(file))
    .map(([one, file]) => [one, JSON.parse(readFileSync(file, 'utf8'))] as const);
  writeFileSync(join(root, 'docs/performance.md'), page(Object.fromEntries(kept) as Reports));
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(`hack/bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
