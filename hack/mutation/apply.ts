import ts from 'typescript';
import type { Title } from '../checklist/titles.ts';
import type { Mutation } from './mutation.ts';

/** The mutated text of the file. @throws Error when the mutation does not fit the text; it says what to do. */
export function mutated(mutation: Mutation, text: string): string {
  const { ids, file, from, to } = mutation;
  const found = text.split(from).length - 1;
  const what = `the mutation of ${ids.join(', ')}`;
  if (found !== 1) {
    throw new Error(
      `${what} stands ${found} times in ${file}, not once; bring its "from" in line with the source: ${from}`,
    );
  }
  const result = text.replace(from, () => to);
  if (result === text) throw new Error(`${what} changes nothing in ${file}`);
  const problem = syntaxError(file, result);
  if (problem !== undefined) throw new Error(`${what} leaves ${file} unreadable (${problem}): ${to}`);
  return result;
}

/** What is wrong with a mutation before anything is run. `titles` are those of its test files. */
export function faultsOf(mutation: Mutation, text: string | undefined, titles: readonly Title[]): readonly string[] {
  const { ids, file, tests } = mutation;
  const faults: string[] = [];
  if (text === undefined) faults.push(`the mutation of ${ids.join(', ')} is of ${file}, which does not exist`);
  else {
    try {
      mutated(mutation, text);
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  if (ids.length === 0) faults.push(`a mutation of ${file} names no item`);
  for (const id of ids) {
    if (!titles.some((title) => tests.includes(title.file) && title.ids.includes(id)))
      faults.push(`the mutation of ${ids.join(', ')}: no test of ${tests.join(', ') || 'nothing'} names ${id}`);
  }
  return faults;
}

function syntaxError(file: string, text: string): string | undefined {
  const { diagnostics = [] } = ts.transpileModule(text, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  });
  const [first] = diagnostics;
  return first && ts.flattenDiagnosticMessageText(first.messageText, ' ');
}
