import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { flag, flagsOrExit } from '../base/flags.ts';
import { testFiles } from './test-plan.ts';

/**
 * hack/check: runs the checks, as many at once as there are processors, and prints one line for each and what the
 * failed ones said. All run to their end, so that one look shows everything that is wrong.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const ROOMS = ['apiserver', 'base', 'cli', 'hack', 'launcher', 'openapi', 'reconcilers', 'storage', 'test'];

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const bin = (name: string): string => path.join('node_modules/.bin', name);

/** The slowest first, so that the others run beside them. */
export async function checks(): Promise<readonly Check[]> {
  return [
    { name: 'typed lint (eslint)', command: [bin('eslint'), '--max-warnings=0', '.'] },
    { name: 'types (tsc)', command: [bin('tsc'), '--noEmit', '-p', '.'] },
    {
      name: 'import rules (dependency-cruiser)',
      command: [bin('depcruise'), '--config', '.dependency-cruiser.cjs', ...ROOMS],
    },
    { name: 'generated files (hack/generate)', command: ['hack/generate', '--check'] },
    { name: 'checklist of conformance (hack/conformance)', command: ['hack/conformance', '--check'] },
    { name: 'unused code (knip)', command: [bin('knip'), '--no-progress', '--no-config-hints'] },
    {
      name: 'style of the repository',
      command: ['node', '--import', 'tsx', '--test', ...(await testFiles('test/style'))],
    },
    { name: 'format and lint (biome)', command: [bin('biome'), 'ci', '--colors=off', '.'] },
  ];
}

interface Outcome {
  readonly status: number;
  readonly output: string;
  readonly seconds: number;
}

/** Runs one check to its end; its output is kept, since several run at once. */
export function run(check: Check): Promise<Outcome> {
  const started = performance.now();
  const [command = '', ...args] = check.command;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const finish = (status: number): void => resolve({ status, output, seconds: (performance.now() - started) / 1000 });
    child.once('error', (error) => {
      output += error.message;
      finish(127);
    });
    child.once('close', (status) => finish(status ?? 1));
  });
}

async function main(): Promise<void> {
  const flags = flagsOrExit({
    name: 'hack/check',
    about: 'Checks the source tree without running the product.',
    flags: { fix: flag.toggle({ about: 'Format and mend what can be mended first.' }) },
  });
  if (flags.fix) {
    const { output } = await run({ name: 'fix', command: [bin('biome'), 'check', '--write', '--colors=off', '.'] });
    process.stdout.write(output);
  }
  const waiting = [...(await checks())];
  const failed: { check: Check; outcome: Outcome }[] = [];
  async function work(): Promise<void> {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const outcome = await run(check);
      const passed = outcome.status === 0;
      console.log(`${passed ? 'ok    ' : 'FAILED'}  ${check.name} (${outcome.seconds.toFixed(1)} s)`);
      if (!passed) failed.push({ check, outcome });
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
  for (const { check, outcome } of failed) console.error(`\n--- ${check.name}\n${outcome.output.trim()}`);
  if (failed.length > 0) {
    console.error(`\nhack/check: ${failed.length} failed: ${failed.map(({ check }) => check.name).join(', ')}`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
