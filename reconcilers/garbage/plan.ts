import type { ApiObject, Resource } from '../../openapi/client/resources.ts';
import type { ObjectMeta, OwnerReference } from '../../openapi/machinery/object.ts';

/**
 * What follows from owner references, as Kubernetes' garbage collector has it: a pure function of what was listed.
 *
 * G1  An object whose owners are all gone is deleted; of several owners those that are gone are taken off its list.
 * G2  An owner that is deleted in the foreground waits for the dependents that block it, which are deleted; one that
 *     orphans is taken off its dependents' lists. Then its finalizer goes.
 * G3  Gone means gone in fact: lists are read one after another, so an owner that is missing from them is only a
 *     suspicion (`suspects`), which the caller checks before it acts. A kind that is not served here is never gone.
 * G4  An owner in another namespace is no owner.
 */
export interface Item {
  readonly resource: Resource<ApiObject>;
  readonly metadata: ObjectMeta;
}

export type Action =
  | {
      readonly kind: 'delete';
      readonly item: Item;
      readonly policy: 'Foreground' | 'Background';
      readonly suspects: readonly Suspect[];
    }
  | {
      readonly kind: 'drop-owners';
      readonly item: Item;
      readonly uids: readonly string[];
      readonly suspects: readonly Suspect[];
    }
  | { readonly kind: 'remove-finalizer'; readonly item: Item; readonly finalizer: string };

export interface Suspect {
  readonly resource: Resource<ApiObject>;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
}

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export function plan(
  items: readonly Item[],
  served: (reference: OwnerReference) => Resource<ApiObject> | undefined,
): Action[] {
  const byUid = new Map(items.map((item) => [item.metadata.uid ?? '', item]));
  const dependents = new Map<string, Item[]>();
  for (const item of items) {
    for (const { uid } of item.metadata.ownerReferences ?? []) {
      const list = dependents.get(uid);
      if (list) list.push(item);
      else dependents.set(uid, [item]);
    }
  }
  const actions: Action[] = [];
  for (const item of items) {
    const action = forDependent(item, byUid, dependents, served);
    if (action) actions.push(action);
    const finalizer = forOwner(item, dependents.get(item.metadata.uid ?? '') ?? []);
    if (finalizer) actions.push({ kind: 'remove-finalizer', item, finalizer });
  }
  return actions;
}

const leaves = (item: Item, finalizer: string) =>
  Boolean(item.metadata.deletionTimestamp) && Boolean(item.metadata.finalizers?.includes(finalizer));

function forDependent(
  item: Item,
  byUid: ReadonlyMap<string, Item>,
  dependents: ReadonlyMap<string, readonly Item[]>,
  served: (reference: OwnerReference) => Resource<ApiObject> | undefined,
): Action | undefined {
  const references = item.metadata.ownerReferences ?? [];
  if (references.length === 0 || item.metadata.deletionTimestamp) return undefined;
  const suspects: Suspect[] = [];
  const waiting: string[] = [];
  const orphaning: string[] = [];
  let solid = 0;
  for (const reference of references) {
    const resource = served(reference);
    const owner = byUid.get(reference.uid);
    const near = owner && (!owner.resource.namespaced || owner.metadata.namespace === item.metadata.namespace);
    if (!resource) solid++;
    else if (!owner || !near) {
      const namespace = resource.namespaced ? item.metadata.namespace : undefined;
      suspects.push({ resource, namespace, name: reference.name, uid: reference.uid });
    } else if (leaves(owner, ORPHAN)) orphaning.push(reference.uid);
    else if (leaves(owner, FOREGROUND)) waiting.push(reference.uid);
    else solid++;
  }
  if (solid > 0 || orphaning.length > 0) {
    const uids = [...orphaning, ...(solid > 0 ? [...waiting, ...suspects.map(({ uid }) => uid)] : [])];
    return uids.length > 0 ? { kind: 'drop-owners', item, uids, suspects: solid > 0 ? suspects : [] } : undefined;
  }
  const blocked = dependents.get(item.metadata.uid ?? '')?.some((one) => blocks(one, item.metadata.uid));
  return { kind: 'delete', item, policy: waiting.length > 0 && blocked ? 'Foreground' : 'Background', suspects };
}

function forOwner(item: Item, dependents: readonly Item[]): string | undefined {
  if (leaves(item, ORPHAN) && dependents.length === 0) return ORPHAN;
  if (leaves(item, FOREGROUND) && !dependents.some((one) => blocks(one, item.metadata.uid))) return FOREGROUND;
  return undefined;
}

function blocks(dependent: Item, uid: string | undefined): boolean {
  return Boolean(dependent.metadata.ownerReferences?.some((one) => one.uid === uid && one.blockOwnerDeletion));
}
