import { readFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

/** Suites in these folders name items of the checklist at the start of their titles: `W10, W11: what is tested`. */
export const FOLDERS = ['test/conformance', 'test/e2e/kubernetes'];

/** A title as it stands in a suite; one with `${…}` in it stands for several. */
export interface Title {
  readonly file: string;
  readonly ids: readonly string[];
  /** As written, for messages. */
  readonly text: string;
  readonly matches: (title: string) => boolean;
}

/** The items that a title names; none when it does not start with any. */
export function idsOf(title: string): readonly string[] {
  const head = /^([A-Z]\d+(?:, [A-Z]\d+)*): /.exec(title)?.[1];
  return head === undefined ? [] : head.split(', ');
}

/** The titles of a suite that name items, read from its syntax tree. */
export function titlesOf(file: string, source: string): readonly Title[] {
  const found: Title[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(\w+\.)?(test|it)$/.test(node.expression.getText())) {
      const [argument] = node.arguments;
      const title = argument === undefined ? undefined : titleOf(file, argument);
      if (title !== undefined && title.ids.length > 0) found.push(title);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  return found;
}

function titleOf(file: string, node: ts.Expression): Title | undefined {
  if (ts.isStringLiteralLike(node)) {
    const { text } = node;
    return { file, ids: idsOf(text), text, matches: (title) => title === text };
  }
  if (!ts.isTemplateExpression(node)) return undefined;
  const parts = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
  const pattern = new RegExp(`^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[^]*')}$`);
  return { file, ids: idsOf(node.head.text), text: parts.join('…'), matches: (title) => pattern.test(title) };
}

export async function readTitles(root: string, files: readonly string[]): Promise<readonly Title[]> {
  const titles: Title[] = [];
  for (const file of files) titles.push(...titlesOf(file, await readFile(path.join(root, file), 'utf8')));
  return titles;
}
