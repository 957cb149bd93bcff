import type { ManagedFieldsEntry } from '../object.ts';
import type { Changes } from './changes.ts';
import { difference, type FieldTree, union } from './field-set.ts';
import { fieldsOf, inOrder, isEntryOf, type ManagedFields, newEntry, type Writer, withFields } from './managers.ts';

const MOST_UPDATES = 10;
const ANCIENT = 'ancient-changes';

/**
 * Who owns what after a write that is no apply: the writer owns what it changed, nobody else does, and what it removed
 * nobody owns. Entries that lose nothing are passed on as they are.
 */
export function managersAfterUpdate(entries: ManagedFields, { changed, removed }: Changes, writer: Writer) {
  if (changed === undefined && removed === undefined) return entries;
  const left = entriesWithout(entries, union(changed, removed), writer.apiVersion);
  if (changed === undefined) return inOrder(left);
  const place = left.findIndex((entry) => isEntryOf(entry, writer));
  const own = place < 0 ? undefined : left.splice(place, 1)[0];
  const fields = union(own && fieldsOf(own), changed) as FieldTree;
  return inOrder(capped([...left, newEntry(writer, fields)]));
}

/** What is left of all entries. One version of each kind is served: fields that are named in another have no meaning. */
export function entriesWithout(
  entries: ManagedFields,
  taken: FieldTree | undefined,
  apiVersion: string,
): ManagedFieldsEntry[] {
  const left: ManagedFieldsEntry[] = [];
  for (const entry of entries) {
    if (entry.apiVersion !== apiVersion) continue;
    const kept = withFields(entry, difference(fieldsOf(entry), taken));
    if (kept !== undefined) left.push(kept);
  }
  return left;
}

/** The oldest updates of one version become one entry until there are few enough (managers.ts M4). */
function capped(entries: readonly ManagedFieldsEntry[]): readonly ManagedFieldsEntry[] {
  const updates = inOrder(entries.filter(({ operation }) => operation === 'Update'));
  let over = updates.length - MOST_UPDATES;
  if (over <= 0) return entries;
  const merged = new Map<string, { gone: ManagedFieldsEntry[]; latest: ManagedFieldsEntry }>();
  for (const entry of updates) {
    if (over === 0) break;
    const bucket = merged.get(entry.apiVersion ?? '');
    if (bucket === undefined) {
      merged.set(entry.apiVersion ?? '', { gone: [entry], latest: entry });
    } else {
      bucket.gone.push(entry);
      bucket.latest = entry;
      over -= 1;
    }
  }
  let kept = entries;
  for (const { gone, latest } of merged.values()) {
    if (gone.length === 1) continue;
    const { apiVersion = '', time = '' } = latest;
    const writer: Writer = { manager: ANCIENT, operation: 'Update', apiVersion, subresource: '', time };
    const before = kept.find((entry) => isEntryOf(entry, writer));
    const all = before === undefined || gone.includes(before) ? gone : [before, ...gone];
    const fields = all.reduce<FieldTree | undefined>((set, entry) => union(set, fieldsOf(entry)), undefined);
    kept = [...kept.filter((entry) => !all.includes(entry)), newEntry(writer, fields as FieldTree)];
  }
  return kept;
}
