import { built, type Section } from './item.ts';

/** Patches and server-side apply. */
export const patches: Section = {
  P1: built('JSON patch: 413, 400 or the generic 422; merge patch: 400; a result that is none: 422.'),
  P2: built('Strategic merge: 415 for our kinds, its own rules for those of Kubernetes.'),
  P3: built('A version in a patch is a lock; without one, lost races are tried again.'),
  P4: built('A missing object is 404; name, namespace and uid stay.'),
  P5: built('The patched object; the same version when nothing changed.'),
  P6: built('Patches of status and scale keep to their part.'),
  P20: built('Apply: manager, kind, name, no owners, no force elsewhere; version and uid are checked.'),
  P21: built('Lists by type and keys with defaults, maps granular or whole; unknown fields are refused.'),
  P22: built('Entries: members, identity, order.'),
  P23: built('FieldsV1: elements and their order.'),
  P24: built('What is never owned, and what status and main endpoint reset.'),
  P25: built('Every write is recorded; before-first-apply, ancient-changes, no write for a time.'),
  P26: built('Three-way apply: merge, prune, share, steal.'),
  P27: built('Conflicts: message and causes.'),
  P28: built('Reset by clients, entries of clients as the base, undecodable ones left.'),
  P29: built('Apply creates, with the right to; the same again is nothing; an empty one is legal.'),
  P30: built('The way from kubectl apply to --server-side.'),
  P31: built("Names of kubectl's commands."),
  P32: built('Entries of versions that are not served.'),
  P33: built('spec.replicas between a scale and its parent.'),
  P34: built('Too large with the record: stored without it.'),
};
