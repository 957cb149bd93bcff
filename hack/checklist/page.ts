import type { Item } from '../../test/conformance/checklist/item.ts';
import { idsOf } from './titles.ts';

/** One test that ran, as the runner told it. */
export interface Ran {
  readonly file: string;
  readonly title: string;
  readonly passed: boolean;
}

const SECTIONS: Readonly<Record<string, string>> = {
  D: 'Discovery and aggregation',
  O: 'OpenAPI and field validation',
  C: 'Content negotiation',
  K: 'Create, get, list, update',
  P: 'Patches and server-side apply',
  X: 'Delete',
  W: 'Watch',
  A: 'Access, admission, audit, limits, life of the process',
  U: 'Subresources and streams',
  E: 'Status objects of errors',
  N: 'Controllers of Kubernetes',
  H: 'Health, metrics, version',
};

/** docs/conformance.md: every item with where it stands, its tests and how they ended. It depends on its input alone. */
export function page(items: ReadonlyMap<string, Item>, ran: readonly Ran[]): string {
  const tests = new Map<string, Ran[]>();
  for (const one of [...ran].sort((a, b) => compare(a.file, b.file) || compare(a.title, b.title)))
    for (const id of idsOf(one.title)) tests.set(id, [...(tests.get(id) ?? []), one]);
  const lines = [...head(items)];
  let section = '';
  for (const [id, item] of items) {
    const letter = id.slice(0, 1);
    if (letter !== section) {
      section = letter;
      lines.push(
        '',
        `## ${SECTIONS[letter] ?? letter}`,
        '',
        '| id | what | stands | test | result |',
        '| --- | --- | --- | --- | --- |',
      );
    }
    const says = item.kind === 'open' ? '' : cell(item.says);
    const mine = tests.get(id) ?? [];
    if (mine.length === 0) lines.push(`| ${id} | ${says} | ${standing(item)} | | |`);
    mine.forEach((one, index) => {
      const first = index === 0 ? `| ${id} | ${says} | ${standing(item)} |` : '| | | |';
      lines.push(`${first} ${testCell(one)} | ${one.passed ? 'passed' : 'FAILED'} |`);
    });
  }
  return `${lines.join('\n')}\n`;
}

function head(items: ReadonlyMap<string, Item>): string[] {
  const count = (kind: Item['kind']): number => [...items.values()].filter((item) => item.kind === kind).length;
  return [
    '# Conformance',
    '',
    'How clients of Kubernetes expect an API server to behave, item by item, with the tests that hold it and how they ended',
    'in the last complete run of `hack/test`. `hack/conformance` makes this page from those results and from the lists in',
    '`test/conformance/checklist`; `hack/check` refuses it when a test or an item has no row.',
    '',
    `${items.size} items: ${count('built')} built, ${count('declined')} declined, ${count('fact')} about other programs, ${count('open')} open.`,
  ];
}

function standing(item: Item): string {
  switch (item.kind) {
    case 'declined':
      return `[declined](${item.decision.replace(/^docs\//, '')})`;
    case 'built':
    case 'fact':
    case 'open':
      return item.kind;
    default:
      return item satisfies never;
  }
}

const testCell = ({ file, title }: Ran): string => `[${cell(title)}](../${file})`;

/** Escapes what would end a cell or start a link. */
export function cell(text: string): string {
  return text.replace(/[\\|[\]<>`*_]/g, (found) => `\\${found}`).replace(/\s+/g, ' ');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The test cells of a page, for comparing it with the suites. */
export function rowsOf(text: string): readonly { id: string; file: string; title: string; result: string }[] {
  const rows: { id: string; file: string; title: string; result: string }[] = [];
  let id = '';
  for (const line of text.split('\n')) {
    id = /^\| ([A-Z]\d+) \|/.exec(line)?.[1] ?? id;
    const found = /\| \[(.*)\]\(\.\.\/([^)]+)\) \| (\w+) \|$/.exec(line);
    if (found === null) continue;
    const [, title = '', file = '', result = ''] = found;
    rows.push({ id, file, title: title.replace(/\\(.)/g, '$1'), result });
  }
  return rows;
}
