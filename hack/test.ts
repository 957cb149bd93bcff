import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { flag, flagsOrExit } from '../base/flags.ts';
import { keepResults } from './checklist/results.ts';
import { plan, type Stage } from './test-plan.ts';
import { COUNTS, type FileResult, failuresOf, noCounts, runFile, testsOf } from './test-run.ts';

/**
 * hack/test after installing: runs the stages one after the other, prints a line for each file and what failed, and
 * ends with the sums in the lines with which node's test runner closes. Every file runs, also after a failure.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

async function runStage(stage: Stage, report: (result: FileResult, done: number) => void): Promise<FileResult[]> {
  const waiting = [...stage.files];
  const results: FileResult[] = [];
  async function work(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file, stage.timeoutMs);
      results.push(result);
      report(result, results.length);
    }
  }
  await Promise.all(Array.from({ length: stage.concurrency }, work));
  return results;
}

function reportFile(stage: Stage, result: FileResult, done: number): void {
  const { counts } = result;
  const head = `[${stage.name} ${done}/${stage.files.length}]`;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const sums = `${counts.pass} passed${counts.fail > 0 ? `, ${counts.fail} failed` : ''}${skipped}`;
  console.log(
    `${head} ${result.passed ? 'ok' : 'FAILED'} ${result.file}: ${result.trouble || sums} (${seconds(result.milliseconds)})`,
  );
  if (result.passed) return;
  const told = result.trouble === '' ? failuresOf(result.output) : result.output;
  console.log(
    told
      .split('\n')
      .slice(-200)
      .map((line) => `    ${line}`)
      .join('\n'),
  );
}

/** Where end-to-end tests keep the Torpor that they bring up; built images stay there for the next run. */
const TEST_HOME = process.env.TORPOR_TEST_HOME ?? '/var/lib/torpor-test';

/** And the Kubernetes that they bring up, whose objects nobody needs afterwards. */
const TEST_CLUSTER = process.env.TORPOR_TEST_CLUSTER_HOME ?? '/var/lib/torpor-cluster-test';

/** Stops what end-to-end tests brought up and share; resolves with what went wrong. */
async function stopTestHomes(): Promise<readonly string[]> {
  const endings = [
    { home: TEST_HOME, command: ['hack/down', `--home=${TEST_HOME}`, '--merge-kubeconfig=false'] },
    { home: TEST_CLUSTER, command: ['hack/cluster', 'down', `--home=${TEST_CLUSTER}`, '--purge'] },
  ];
  const troubles: string[] = [];
  for (const { home, command } of endings) {
    if (!existsSync(home)) continue;
    const [program = '', ...args] = command;
    await promisify(execFile)(program, args).catch((error: Error) => troubles.push(error.message));
  }
  return troubles;
}

async function main(): Promise<void> {
  const flags = flagsOrExit({
    name: 'hack/test',
    about: 'Installs what the tests need and runs all of them, or those that are named.',
    flags: {
      stages: flag.list({ about: 'Only these stages; --list names them.' }),
      files: flag.list({ about: 'Only test files whose path has one of these texts in it.' }),
      list: flag.toggle({ about: 'Print the stages and their files, and run nothing.' }),
    },
  });
  const all = await plan(Math.max(2, availableParallelism()));
  const unknown = flags.stages.filter((name) => !all.some((stage) => stage.name === name));
  if (unknown.length > 0)
    throw new Error(`there is no stage ${unknown.join(', ')}; there are ${all.map((s) => s.name).join(', ')}`);
  const stages = all
    .filter((stage) => flags.stages.length === 0 || flags.stages.includes(stage.name))
    .map((stage) => ({
      ...stage,
      files: stage.files.filter((file) => flags.files.length === 0 || flags.files.some((text) => file.includes(text))),
    }))
    .filter((stage) => stage.files.length > 0);
  if (stages.length === 0) throw new Error('no test file has such a name');
  if (flags.list) {
    for (const stage of stages) console.log(`${stage.name}\n${stage.files.map((file) => `  ${file}`).join('\n')}`);
    return;
  }

  process.env.TORPOR_TEST_HOME = TEST_HOME;
  process.env.TORPOR_TEST_CLUSTER_HOME = TEST_CLUSTER;
  const started = performance.now();
  const results: FileResult[] = [];
  for (const stage of stages) {
    results.push(...(await runStage(stage, (result, done) => reportFile(stage, result, done))));
  }
  await keepResults(root, new Map(results.map(({ file, output }) => [file, testsOf(output)])));
  if (stages.some((stage) => stage.name === 'e2e')) {
    for (const trouble of await stopTestHomes()) {
      console.log(`stopping what the end-to-end tests brought up failed: ${trouble}`);
      process.exitCode = 1;
    }
  }
  const sums = noCounts();
  for (const { counts } of results) for (const name of COUNTS) sums[name] += counts[name];
  const failed = results.filter((result) => !result.passed);
  // A file that failed as a whole is a failure that no test of it counted.
  const whole = failed.filter((result) => result.counts.fail + result.counts.cancelled === 0).length;
  sums.fail += whole;
  sums.tests += whole;
  if (failed.length > 0) {
    console.log(`\n${failed.length} of ${results.length} files failed:`);
    for (const { file, trouble } of failed) console.log(`  ${file}${trouble ? ` (${trouble})` : ''}`);
    process.exitCode = 1;
  }
  console.log('');
  for (const name of COUNTS) console.log(`# ${name} ${sums[name]}`);
  console.log(`# duration_ms ${(performance.now() - started).toFixed(3)}`);
}

main().catch((error: unknown) => {
  console.error(`hack/test: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
