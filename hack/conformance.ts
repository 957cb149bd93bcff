import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { flag, flagsOrExit } from '../base/flags.ts';
import { items } from '../test/conformance/checklist/items.ts';
import { mistakes } from './checklist/mistakes.ts';
import { page } from './checklist/page.ts';
import { readRan } from './checklist/results.ts';
import { FOLDERS, readTitles } from './checklist/titles.ts';
import { testFiles } from './test-plan.ts';

/** docs/conformance.md from the results that hack/test keeps, or with --check whether the page fits the suites. */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const PAGE = 'docs/conformance.md';

async function main(): Promise<number> {
  const flags = flagsOrExit({
    name: 'hack/conformance',
    about: `Makes ${PAGE} from the results of the last runs of hack/test.`,
    flags: { check: flag.toggle({ about: 'Write nothing; fail when the page does not fit checklist and suites.' }) },
  });
  const files = (await Promise.all(FOLDERS.map(testFiles))).flat();
  const titles = await readTitles(root, files);
  const text = flags.check ? await readFile(path.join(root, PAGE), 'utf8') : page(items, await readRan(root, files));
  if (!flags.check) await writeFile(path.join(root, PAGE), text);
  const wrong = mistakes(items, titles, text);
  for (const mistake of wrong) console.error(mistake);
  if (wrong.length === 0) return 0;
  const advice = flags.check
    ? 'Run hack/test, then hack/conformance, and commit the page.'
    : 'Tests that have not run have no row: run hack/test first.';
  console.error(`hack/conformance: ${wrong.length} mistakes in ${PAGE}. ${advice}`);
  return 1;
}

process.exitCode = await main();
