import { changesOf } from '../../openapi/machinery/apply/changes.ts';
import {
  decodeManagedFields,
  isReset,
  type ManagedFields,
  type Writer,
} from '../../openapi/machinery/apply/managers.ts';
import { type OwnablePart, ownablePart } from '../../openapi/machinery/apply/ownable.ts';
import { managersAfterUpdate } from '../../openapi/machinery/apply/update.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Shape } from '../../openapi/schema/shape.ts';
import { sameJson } from './compare.ts';
import type { ResourceCore } from './core.ts';
import { timestamp } from './timestamp.ts';

/**
 * The step of every write that is no apply and that records who owns which field (metadata.managedFields). It runs
 * after preparation and before validation, with the object as it would be stored.
 *
 * O1  A write through the object itself may bring entries of its own, which are the base then; what cannot be read, and
 *     what a subresource's write brings, does not count. An empty list, or one empty entry, makes all be forgotten.
 * O2  An object that nobody's entries are known of stays so until somebody applies; a new one has its maker's.
 * O3  Nothing is recorded of what the write's part cannot own, nor of finalizers that the server holds a new object by.
 */
export interface ManagedWrite {
  readonly manager: string;
  /** '' for the main resource. */
  readonly subresource: string;
  readonly part: OwnablePart;
}

/** Writes the object's managedFields; `old` is undefined for a new object. */
export function recordManagers(
  core: ResourceCore,
  object: KubernetesObject,
  old: KubernetesObject | undefined,
  write: ManagedWrite,
): void {
  const base = baseOf(object, old, write.subresource);
  setManagedFields(object, old !== undefined && base.length === 0 ? [] : recorded(core, object, old, write, base));
}

export function setManagedFields(object: KubernetesObject, entries: ManagedFields): void {
  if (entries.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = [...entries];
}

export const shapeOf = (core: ResourceCore): Shape => core.schema?.shape ?? { kind: 'any' };

/** Who writes now, as entries name it. */
export function writerOf(
  core: ResourceCore,
  operation: Writer['operation'],
  { manager, subresource }: Pick<ManagedWrite, 'manager' | 'subresource'>,
): Writer {
  const { group, version } = core.definition;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return { manager, operation, apiVersion, subresource, time: timestamp(core.now()) };
}

/** What a write of the main resource or of status can own. */
export function ownableBy(core: ResourceCore, part: 'main' | 'status' | 'whole'): OwnablePart {
  if (part === 'status') return 'status';
  return part === 'main' && core.definition.strategy.hasStatus ? 'main' : 'all';
}

function recorded(
  core: ResourceCore,
  object: KubernetesObject,
  old: KubernetesObject | undefined,
  write: ManagedWrite,
  base: ManagedFields,
): ManagedFields {
  const { apiVersion, kind } = object;
  const before = old ?? { apiVersion, kind, metadata: {} };
  const changes = changesOf(ownablePart(before, write.part), ownablePart(object, write.part), shapeOf(core));
  return managersAfterUpdate(base, changes, writerOf(core, 'Update', write));
}

/** O1. */
function baseOf(object: KubernetesObject, old: KubernetesObject | undefined, subresource: string): ManagedFields {
  const stored = old?.metadata.managedFields ?? [];
  const sent = object.metadata.managedFields;
  if (subresource !== '' || sent === undefined || sameJson(sent, stored)) return stored;
  if (isReset(sent)) return [];
  const decoded = decodeManagedFields(sent);
  return decoded === 'undecodable' || decoded.length === 0 ? stored : decoded;
}
