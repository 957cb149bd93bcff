import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Which test files there are and in which order they run. From small to large, so that a mistake shows early: what
 * can be said of the source, units beside the code, contract suites, suites against real things, then machines from end to end.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

export interface Stage {
  readonly name: string;
  readonly files: readonly string[];
  /** How many test files run at once. */
  readonly concurrency: number;
  /** Milliseconds that one test file may take. */
  readonly timeoutMs: number;
}

/** Folders with unit tests beside the code. */
const ROOMS = ['base', 'openapi', 'storage', 'apiserver', 'reconcilers', 'launcher', 'cli', 'hack', 'test/harness'];

/** Folders of test/ that are no stage of their own: what tests share. */
const NO_SUITE = new Set(['harness']);

/** Suites that say something about the source alone: first, because they are cheap to mend. */
const FIRST = ['check', 'style'];

/** Suites with these names run last and one file after the other: they boot machines and share the host. */
const ONE_BY_ONE = ['images', 'integration', 'faults', 'e2e'];

/** All test files below a folder of the tree, sorted; none when it does not exist. */
export async function testFiles(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  async function walk(relative: string): Promise<void> {
    const entries = await readdir(path.join(root, relative), { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      },
    );
    for (const entry of entries) {
      const child = path.join(relative, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') await walk(child);
      else if (entry.name.endsWith('.test.ts')) found.push(child);
    }
  }
  await walk(folder);
  return found.sort();
}

/** The stages in order. A new folder under test/ is picked up by itself. */
export async function plan(parallelism: number): Promise<readonly Stage[]> {
  const units = (await Promise.all(ROOMS.map((room) => testFiles(room)))).flat();
  const suites = (await readdir(path.join(root, 'test'), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !NO_SUITE.has(entry.name))
    .map((entry) => entry.name)
    .sort((a, b) => ONE_BY_ONE.indexOf(a) - ONE_BY_ONE.indexOf(b) || a.localeCompare(b));
  const stages: Stage[] = [];
  for (const suite of suites) {
    const files = await testFiles(path.join('test', suite));
    const alone = ONE_BY_ONE.includes(suite);
    stages.push({ name: suite, files, concurrency: alone ? 1 : parallelism, timeoutMs: alone ? 1_200_000 : 300_000 });
  }
  const first = stages.filter((stage) => FIRST.includes(stage.name));
  const later = stages.filter((stage) => !FIRST.includes(stage.name));
  const middle: Stage = { name: 'units', files: units, concurrency: parallelism, timeoutMs: 120_000 };
  return [...first, middle, ...later].filter((stage) => stage.files.length > 0);
}
