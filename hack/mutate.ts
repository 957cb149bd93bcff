import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { flag, flagsOrExit } from '../base/flags.ts';
import { mutations } from '../test/conformance/mutations/all.ts';
import type { Mutation } from './mutation/mutation.ts';
import { Scratch } from './mutation/scratch.ts';
import { verdictOf } from './mutation/verdict.ts';
import { failuresOf, runFile } from './test-run.ts';

/**
 * hack/mutate: first the named suites on an untouched copy, which must pass, then each mutation by itself, which a test
 * that names its item must notice. A line for each as it ends; the exit status is 1 when one was missed.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const FILE_LIMIT_MS = 300_000;
/** A suite may hang on what was switched off; what has failed until then counts. */
const MUTATED_LIMIT_MS = 150_000;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Every worker has a copy of its own. */
async function onCopies<T>(
  jobs: number,
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T, scratch: Scratch) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: Math.min(jobs, items.length) }, async () => {
      const scratch = await Scratch.of(root);
      try {
        for (let item = waiting.shift(); item !== undefined && !signal.aborted; item = waiting.shift()) {
          await work(item, scratch);
        }
      } finally {
        await scratch.remove();
      }
    }),
  );
}

/** Files that fail although nothing was changed. */
async function untouched(files: readonly string[], jobs: number, signal: AbortSignal): Promise<readonly string[]> {
  const broken: string[] = [];
  let done = 0;
  await onCopies(jobs, files, signal, async (file, { directory }) => {
    const started = performance.now();
    const result = await runFile(file, FILE_LIMIT_MS, { directory, signal });
    done += 1;
    console.log(`[untouched ${done}/${files.length}] ${result.passed ? 'ok' : 'FAILED'} ${file} (${seconds(started)})`);
    if (result.passed || signal.aborted) return;
    broken.push(file);
    console.log(result.trouble === '' ? failuresOf(result.output) : `${result.trouble}\n${result.output.slice(-4000)}`);
  });
  return broken;
}

/** Mutations that nobody noticed. */
async function mutate(chosen: readonly Mutation[], jobs: number, signal: AbortSignal): Promise<number> {
  let done = 0;
  let missed = 0;
  await onCopies(jobs, chosen, signal, async (mutation, scratch) => {
    const started = performance.now();
    const { directory } = scratch;
    const results = await scratch.with(mutation, async () => {
      const ran = [];
      for (const file of mutation.tests) ran.push(await runFile(file, MUTATED_LIMIT_MS, { directory, signal }));
      return ran;
    });
    if (signal.aborted) return;
    const verdict = verdictOf(mutation.ids, results);
    done += 1;
    const head = `[mutation ${done}/${chosen.length}]`;
    const what = `${mutation.ids.join(', ')}: ${mutation.off}`;
    switch (verdict.kind) {
      case 'noticed':
        console.log(`${head} noticed  ${what} (${seconds(started)})`);
        for (const title of verdict.failed) console.log(`    failed: ${title}`);
        return;
      case 'missed':
        missed += 1;
        console.log(`${head} MISSED   ${what} (${mutation.file}): ${verdict.why} (${seconds(started)})`);
        return;
      default:
        verdict satisfies never;
    }
  });
  return missed;
}

async function main(): Promise<number> {
  const flags = flagsOrExit({
    name: 'hack/mutate',
    about: 'Switches off behaviours of the API server one at a time, in copies of the tree; their tests must fail.',
    flags: {
      only: flag.list({ about: 'Only mutations of these items, for example W10,C7.' }),
      jobs: flag.integer({ about: 'Copies that work at once.', fallback: Math.max(2, availableParallelism()) }),
      list: flag.toggle({ about: 'Print the mutations and run nothing.' }),
    },
  });
  const chosen = mutations.filter(({ ids }) => flags.only.length === 0 || ids.some((id) => flags.only.includes(id)));
  if (chosen.length === 0) throw new Error(`no mutation is of ${flags.only.join(', ')}`);
  if (flags.list) {
    for (const { ids, off, file } of chosen) console.log(`${ids.join(', ')}: ${off} (${file})`);
    return 0;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))].sort();
  const broken = await untouched(files, flags.jobs, stop.signal);
  stop.signal.throwIfAborted();
  if (broken.length > 0) {
    console.log(`\n${broken.length} of ${files.length} suites fail without any mutation: ${broken.join(', ')}`);
    return 1;
  }
  const missed = await mutate(chosen, flags.jobs, stop.signal);
  stop.signal.throwIfAborted();
  console.log(`\n${chosen.length - missed} of ${chosen.length} mutations were noticed`);
  return missed === 0 ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`hack/mutate: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
