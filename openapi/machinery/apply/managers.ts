import type { ManagedFieldsEntry } from '../object.ts';
import type { FieldSet, FieldTree } from './field-set.ts';
import { decodeFieldsV1, encodeFieldsV1 } from './fields-v1.ts';

/**
 * Who owns what, as metadata.managedFields says it.
 *
 * M1  One entry for each manager, operation and subresource; updates in different versions of the API have one each.
 * M2  No entry is without fields. Its time is when its manager last changed something by it.
 * M3  Order: Apply before Update, then time, manager, version, subresource.
 * M4  At most ten entries of updates; beyond that the oldest become one, whose manager is ancient-changes.
 */
export type ManagedFields = readonly ManagedFieldsEntry[];

/** Who writes, through what, and when. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** Group and version in which the fields are named. */
  readonly apiVersion: string;
  /** '' for the object itself. */
  readonly subresource: string;
  /** RFC 3339 in whole seconds, UTC. */
  readonly time: string;
}

export const fieldsOf = (entry: ManagedFieldsEntry): FieldSet => {
  const fields = entry.fieldsV1 as FieldTree | undefined;
  for (const _key in fields) return fields;
  return undefined;
};

/** M1. */
export function isEntryOf(entry: ManagedFieldsEntry, writer: Writer): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    (entry.subresource ?? '') === writer.subresource &&
    (writer.operation === 'Apply' || entry.apiVersion === writer.apiVersion)
  );
}

/** The same entry with fewer fields, which are in the order of before; undefined when none is left (M2). */
export function withFields(entry: ManagedFieldsEntry, fields: FieldSet): ManagedFieldsEntry | undefined {
  if (fields === undefined) return undefined;
  return fields === fieldsOf(entry) ? entry : { ...entry, fieldsV1: fields };
}

export function newEntry(writer: Writer, fields: FieldTree): ManagedFieldsEntry {
  return {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFieldsV1(fields),
    ...(writer.subresource === '' ? {} : { subresource: writer.subresource }),
  };
}

/** M3. */
export function inOrder(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  return [...entries].sort(
    (a, b) =>
      byText(a.operation, b.operation) ||
      byText(a.time, b.time) ||
      byText(a.manager, b.manager) ||
      byText(a.apiVersion, b.apiVersion) ||
      byText(a.subresource, b.subresource),
  );
}

const byText = (a = '', b = ''): number => (a === b ? 0 : a < b ? -1 : 1);

/** A client that sends an empty list, or a list of one empty entry, wants all of it forgotten. */
export function isReset(sent: ManagedFields | undefined): boolean {
  if (sent === undefined) return false;
  return sent.length === 0 || (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0);
}

/** What a client sent as entries of ours; 'undecodable' when one of them is none. */
export function decodeManagedFields(sent: ManagedFields): ManagedFieldsEntry[] | 'undecodable' {
  const found: ManagedFieldsEntry[] = [];
  for (const entry of sent) {
    const { manager = '', operation = '', apiVersion = '', time, fieldsType, subresource = '' } = entry;
    const texts = [manager, operation, apiVersion, subresource, time ?? ''];
    if (texts.some((text) => typeof text !== 'string')) return 'undecodable';
    if (operation !== 'Apply' && operation !== 'Update') return 'undecodable';
    if (apiVersion === '' || fieldsType !== 'FieldsV1' || (time && Number.isNaN(Date.parse(time))))
      return 'undecodable';
    const fields = decodeFieldsV1(entry.fieldsV1);
    if (fields === 'undecodable') return 'undecodable';
    if (fields === undefined) continue;
    const writer: Writer = { manager, operation, apiVersion, subresource, time: wholeSeconds(time) };
    const same = found.findIndex((one) => isEntryOf(one, writer));
    const made = newEntry(writer, fields);
    if (time === undefined) delete made.time;
    // Of two entries of the same manager the later one counts.
    if (same < 0) found.push(made);
    else found[same] = made;
  }
  return inOrder(found);
}

const wholeSeconds = (time: string | undefined) => (time ? `${new Date(time).toISOString().slice(0, 19)}Z` : '');
