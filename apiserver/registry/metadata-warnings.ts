import type { ObjectMeta, OwnerReference } from '../../openapi/machinery/object.ts';

/** Finalizers of Kubernetes itself, which are older than the rule that a name has a domain. */
const STANDARD: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/**
 * Mends what Kubernetes mends in metadata and tells the client: an owner that is listed twice is kept once, and a new
 * finalizer without a domain may one day be somebody else's too. `old` is undefined when the object is new.
 */
export function mendMetadata(metadata: ObjectMeta, old: ObjectMeta | undefined, warnings: string[]): void {
  const owners = metadata.ownerReferences ?? [];
  const unique = [...new Map(owners.map((owner) => [identityOf(owner), owner])).values()];
  if (unique.length < owners.length) {
    metadata.ownerReferences = unique;
    warnings.push('metadata.ownerReferences contains duplicate entries; the server keeps each of them once');
  }
  for (const name of metadata.finalizers ?? []) {
    if (name.includes('/') || STANDARD.has(name) || old?.finalizers?.includes(name)) continue;
    warnings.push(
      `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    );
  }
}

function identityOf({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): string {
  return JSON.stringify([apiVersion, kind, name, uid, controller ?? null, blockOwnerDeletion ?? null]);
}
