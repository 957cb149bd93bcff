import type { Shape } from '../../schema/shape.ts';
import { equalJson, type JsonObject } from '../json-value.ts';
import type { KubernetesObject } from '../object.ts';
import { appliedSet } from './applied-set.ts';
import { type Changes, changesOf } from './changes.ts';
import type { Conflict } from './conflicts.ts';
import { difference, type FieldSet, intersection, LEAF, union } from './field-set.ts';
import { followLastApplied, UPGRADING_MANAGER, unexplained } from './last-applied.ts';
import { fieldsOf, inOrder, isEntryOf, type ManagedFields, newEntry, type Writer, withFields } from './managers.ts';
import { mergeConfiguration } from './merge.ts';
import { withNamedFields } from './named-fields.ts';
import { type OwnablePart, ownablePart } from './ownable.ts';
import { reconcile } from './reconcile.ts';
import { removeFields } from './remove.ts';
import { entriesWithout, managersAfterUpdate } from './update.ts';

/**
 * Server-side apply: a configuration laid over the live object.
 *
 * A1  What the configuration says is in the result. Its manager owns exactly that afterwards, and shares it with
 *     everybody who wants the same.
 * A2  What the manager applied before and does not any more is removed, if nobody else owns it.
 * A3  What others own with another value is a conflict, one for each field; with force they lose it.
 * A4  Nothing else changes. The order of a list is the configuration's for the items that it names.
 * A5  Applied twice, the second time is nothing: the same object, the same entries, the same time.
 */
export interface Application {
  readonly live: KubernetesObject;
  /** Without anything that the part cannot own. */
  readonly configuration: KubernetesObject;
  readonly shape: Shape;
  readonly entries: ManagedFields;
  readonly writer: Writer;
  readonly part: OwnablePart;
  readonly force: boolean;
}

export type Applied =
  | { readonly kind: 'applied'; readonly object: KubernetesObject; readonly entries: ManagedFields }
  | { readonly kind: 'conflicts'; readonly conflicts: readonly Conflict[] };

/** @throws ConfigurationError when no set of fields can be made of the configuration. */
export function applyConfiguration(application: Application): Applied {
  const { live, configuration, shape, writer, part, force } = application;
  const known = application.entries.length > 0 ? application.entries : beforeFirstApply(application);
  const entries = reconciled(known, shape, writer.apiVersion);
  const wanted = appliedSet(withoutEmptyMetadata(ownablePart(configuration, part)), shape);
  const others = entries.filter((entry) => !isEntryOf(entry, writer));
  const own = entries.find((entry) => isEntryOf(entry, writer));
  const merged = mergeConfiguration(ownablePart(live, part), ownablePart(configuration, part), shape);
  const owned = others.reduce((set, entry) => union(set, fieldsOf(entry)), union(ALWAYS_THERE, wanted));
  const last = own && fieldsOf(own);
  const given = last && difference(withNamedFields(last, shape), withNamedFields(owned, shape));
  const result = removeFields(merged, given, shape);
  const changes = changesOf(ownablePart(live, part), result, shape);
  const conflicts = others.flatMap((owner): Conflict[] => {
    const fields = intersection(fieldsOf(owner), changes.changed);
    return fields === undefined ? [] : [{ owner, fields }];
  });
  if (conflicts.length > 0 && !force) {
    const upgrading = writer.manager === UPGRADING_MANAGER;
    const real = upgrading ? unexplained(conflicts, live, shape, part) : conflicts;
    if (real.length > 0) return { kind: 'conflicts', conflicts: real };
  }
  const left = entriesWithout(others, union(changes.changed, changes.removed), writer.apiVersion);
  const mine = ownEntry(own, wanted, writer, changes);
  const object = withPart(live, result, part);
  if (writer.manager === UPGRADING_MANAGER && part !== 'status') followLastApplied(object, configuration);
  return {
    kind: 'applied',
    object,
    entries: inOrder(mine === undefined ? left : [...left, mine]),
  };
}

/** Not taken away as a whole, because the server has fields of its own there. */
const ALWAYS_THERE: FieldSet = { 'f:metadata': LEAF, 'f:status': LEAF };

/** A5: the time is that of the last apply that changed the object or what its manager owns. */
function ownEntry(
  own: ManagedFields[number] | undefined,
  wanted: FieldSet,
  writer: Writer,
  { changed, removed }: Changes,
): ManagedFields[number] | undefined {
  if (wanted === undefined) return undefined;
  const same =
    own !== undefined &&
    own.apiVersion === writer.apiVersion &&
    changed === undefined &&
    removed === undefined &&
    equalJson(fieldsOf(own) as unknown as JsonObject, wanted as unknown as JsonObject);
  return same ? own : newEntry(writer, wanted);
}

/** An object of which nobody knows who made it: all of it is somebody's, so that the first apply does not steal it. */
function beforeFirstApply({ live, shape, writer, part }: Application): ManagedFields {
  if (!live.metadata.uid) return [];
  const nothing: KubernetesObject = { apiVersion: live.apiVersion, kind: live.kind, metadata: {} };
  const all = changesOf(ownablePart(nothing, part), ownablePart(live, part), shape);
  return managersAfterUpdate([], all, { ...writer, manager: 'before-first-apply', operation: 'Update' });
}

/** Entries whose fields have a meaning, with the meaning of today. */
function reconciled(entries: ManagedFields, shape: Shape, apiVersion: string): ManagedFields {
  return entries
    .filter((entry) => entry.apiVersion === apiVersion)
    .flatMap((entry) => withFields(entry, reconcile(fieldsOf(entry), shape)) ?? []);
}

function withoutEmptyMetadata(part: JsonObject): JsonObject {
  const { metadata, ...rest } = part;
  return metadata === undefined || Object.keys(metadata as JsonObject).length === 0 ? rest : part;
}

/** The live object with its ownable part replaced. */
function withPart(live: KubernetesObject, result: JsonObject, part: OwnablePart): KubernetesObject {
  const { metadata: meta = {}, ...rest } = result as { metadata?: JsonObject };
  if (part === 'status') {
    const { status: _before, ...kept } = live;
    return { ...kept, ...rest } as KubernetesObject;
  }
  const identity: JsonObject = {};
  const mayOwn = ownablePart(live, part).metadata as JsonObject;
  for (const [name, value] of Object.entries(live.metadata)) {
    if (!Object.hasOwn(mayOwn, name)) identity[name] = value as JsonObject;
  }
  const { apiVersion, kind, status } = live;
  return {
    apiVersion,
    kind,
    metadata: { ...identity, ...meta },
    ...rest,
    ...(part === 'main' && status !== undefined ? { status } : {}),
  } as KubernetesObject;
}
