import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../../base/atomic-write.ts';
import type { TestResult } from '../test-run.ts';
import type { Ran } from './page.ts';
import { FOLDERS, idsOf } from './titles.ts';

/** Where hack/test keeps how the tests of the checklist ended, file by file; what is run again replaces what was there. */
const RESULTS = 'build/conformance.json';

type Results = Record<string, readonly TestResult[]>;

export const isConformance = (file: string): boolean => FOLDERS.some((folder) => file.startsWith(`${folder}/`));

async function read(root: string): Promise<Results> {
  try {
    return JSON.parse(await readFile(path.join(root, RESULTS), 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export async function keepResults(root: string, ran: ReadonlyMap<string, readonly TestResult[]>): Promise<void> {
  const mine = [...ran].filter(([file]) => isConformance(file));
  if (mine.length === 0) return;
  const results = { ...(await read(root)), ...Object.fromEntries(mine) };
  await mkdir(path.join(root, path.dirname(RESULTS)), { recursive: true });
  await replaceFile(path.join(root, RESULTS), `${JSON.stringify(results, undefined, 1)}\n`);
}

/** Kept results of tests that name items, of files that still exist. */
export async function readRan(root: string, files: readonly string[]): Promise<readonly Ran[]> {
  const results = await read(root);
  return files
    .flatMap((file) => (results[file] ?? []).map((result) => ({ file, ...result })))
    .filter(({ title }) => idsOf(title).length > 0);
}
