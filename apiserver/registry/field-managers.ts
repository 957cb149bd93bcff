import type { KubernetesObject } from '../../openapi/machinery/object.ts';

/**
 * The step of every write that records who owns which field (metadata.managedFields). It runs after preparation and
 * before validation, with the object as it would be stored.
 *
 * Nothing is recorded yet, so what a client sends is dropped on create and what is stored stays on update: a client
 * cannot plant entries that a later apply would believe.
 */
export interface FieldManagers {
  record(object: KubernetesObject, old: KubernetesObject | undefined, write: ManagedWrite): void;
}

export interface ManagedWrite {
  readonly manager: string;
  /** '' for the main resource. */
  readonly subresource: string;
  readonly now: Date;
}

export const fieldManagers: FieldManagers = {
  record(object, old) {
    if (old?.metadata.managedFields === undefined) delete object.metadata.managedFields;
    else object.metadata.managedFields = old.metadata.managedFields;
  },
};
