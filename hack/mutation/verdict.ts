import { idsOf } from '../checklist/titles.ts';
import { type FileResult, testsOf } from '../test-run.ts';

/**
 * Whether a suite noticed a mutation.
 *
 * V1  For each item a test that names it has failed by itself: by an assertion, an error, or its own time limit. A test
 *     that was cancelled, or whose set-up failed, says nothing.
 * V2  Something has passed in the same run: a server that does not start, or a file that cannot be read, fails everything
 *     and proves nothing.
 */
export type Verdict =
  | { readonly kind: 'noticed'; readonly failed: readonly string[] }
  | { readonly kind: 'missed'; readonly why: string };

export function verdictOf(ids: readonly string[], results: readonly FileResult[]): Verdict {
  const outputs = results.map(({ output }) => output);
  const failed = outputs.flatMap(failedByThemselves);
  const missing = ids.filter((id) => !failed.some((title) => idsOf(title).includes(id)));
  const troubles = results.filter(({ trouble }) => trouble !== '').map(({ file, trouble }) => `${file} ${trouble}`);
  const beside = troubles.length > 0 ? ` (${troubles.join('; ')})` : '';
  if (missing.length > 0) {
    const others = failed.length > 0 ? `; what failed is: ${failed.join('; ')}` : '';
    return { kind: 'missed', why: `no test that names ${missing.join(', ')} has failed${others}${beside}` };
  }
  // V2
  if (!outputs.flatMap(testsOf).some(({ passed }) => passed)) {
    return { kind: 'missed', why: `everything failed, not only what it switches off${beside}` };
  }
  return { kind: 'noticed', failed: failed.filter((title) => idsOf(title).some((id) => ids.includes(id))) };
}

const COUNTED = new Set(['testCodeFailure', 'testTimeoutFailure']);

/** Titles of failed tests, with the runner's reason among those that count (V1). */
export function failedByThemselves(output: string): readonly string[] {
  const found: string[] = [];
  const entry = /^( *)not ok \d+ - (.*)\n((?:\1 {2}.*\n|\s*\n)*)/gm;
  for (const [, , title = '', block = ''] of output.matchAll(entry)) {
    const type = /^\s*failureType: '(\w+)'/m.exec(block)?.[1] ?? '';
    if (COUNTED.has(type)) found.push(title.replace(/\\(.)/g, '$1'));
  }
  return found;
}
