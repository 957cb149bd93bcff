import type { Item } from '../../test/conformance/checklist/item.ts';
import { rowsOf } from './page.ts';
import type { Title } from './titles.ts';

const MOST_IDS = 3;

/** What is wrong between the checklist, the suites and the page, without running anything. */
export function mistakes(items: ReadonlyMap<string, Item>, titles: readonly Title[], text: string): readonly string[] {
  const rows = rowsOf(text);
  const wrong: string[] = [];
  for (const { file, ids, text: title } of titles) {
    if (ids.length > MOST_IDS) wrong.push(`${file}: "${title}" names ${ids.length} items; ${MOST_IDS} are the limit`);
    for (const id of ids) if (!items.has(id)) wrong.push(`${file}: "${title}" names ${id}, which is no item`);
  }
  for (const [id, item] of items) {
    if (!new RegExp(`^\\| ${id} \\|`, 'm').test(text)) wrong.push(`${id} has no row`);
    if (item.kind === 'built' && !rows.some((row) => row.id === id)) wrong.push(`${id} is built, and no test names it`);
  }
  for (const title of titles)
    for (const id of title.ids)
      if (items.has(id) && !rows.some((row) => row.id === id && row.file === title.file && title.matches(row.title)))
        wrong.push(`${title.file}: "${title.text}" has no row at ${id}`);
  for (const row of rows) {
    if (!titles.some((title) => title.file === row.file && title.ids.includes(row.id) && title.matches(row.title)))
      wrong.push(`row ${row.id}: ${row.file} has no test "${row.title}"`);
    if (row.result !== 'passed') wrong.push(`row ${row.id}: "${row.title}" of ${row.file} has ${row.result}`);
  }
  return wrong;
}
