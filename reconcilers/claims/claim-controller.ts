import type { PersistentVolumeClaim, VirtualMachine } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/events.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { resources } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import { Freshness } from '../engine/freshness.ts';
import { again, done, type Outcome, type ReconcileContext } from '../engine/reconcile.ts';
import { makeDirectory, PROTECTION_FINALIZER, refusal, removeDirectory, volumeNameOf } from './provision.ts';

/**
 * The provisioner of embedded mode: every PersistentVolumeClaim is a directory.
 *
 * V1  The finalizer and volumeName are stored before the directory is made, and the claim is Bound after: a crash in
 *     between leaves nothing that the next run does not finish or remove.
 * V2  A claim that is deleted stays while a machine that uses it is on a host; then the directory goes, then the claim.
 * V3  A claim that cannot be served stays Pending and an event says why.
 * V4  A claim that asks for more than it has gets it: a directory has no size of its own.
 */
export interface ClaimControllerParts {
  readonly client: Client;
  readonly claims: Informer<PersistentVolumeClaim>;
  /** Indexed by claims (BY_CLAIM). */
  readonly machines: Informer<VirtualMachine>;
  readonly events: EventRecorder;
  readonly directory: string;
  enqueue(key: string): void;
}

export const BY_CLAIM = 'claim';

/** `namespace/name` of each claim that a machine refers to. */
export function claimsOf(machine: VirtualMachine): string[] {
  return (machine.spec.volumes ?? []).flatMap((volume) => {
    const name = volume.persistentVolumeClaim?.claimName ?? volume.ephemeral?.persistentVolumeClaim?.claimName;
    return name ? [`${machine.metadata.namespace}/${name}`] : [];
  });
}

const { persistentVolumeClaims } = resources;

export class ClaimController {
  readonly #parts: ClaimControllerParts;
  readonly #fresh = new Freshness();
  /** Claims that are deleted and wait for machines (V2). */
  readonly #held = new Set<string>();

  constructor(parts: ClaimControllerParts) {
    this.#parts = parts;
  }

  /** Handler of the machines' informer: a machine that changes may let go of a claim. */
  readonly onMachine = (): void => {
    for (const key of this.#held) this.#parts.enqueue(key);
  };

  readonly reconcile = async (key: string, context: ReconcileContext): Promise<Outcome> => {
    const claim = this.#parts.claims.get(key);
    this.#held.delete(key);
    if (!claim) return done;
    if (this.#fresh.isStale(claim)) return again(1000);
    if (claim.metadata.deletionTimestamp) return this.#reclaim(key, claim, context);
    const why = refusal(claim);
    if (why) {
      this.#parts.events.record(persistentVolumeClaims, claim, 'Warning', 'ProvisioningFailed', why);
      return done;
    }
    return this.#provision(claim, context);
  };

  /** V1, V4. */
  async #provision(claim: PersistentVolumeClaim, context: ReconcileContext): Promise<Outcome> {
    const volumeName = volumeNameOf(claim);
    let current = claim;
    if (claim.spec?.volumeName !== volumeName || !claim.metadata.finalizers?.includes(PROTECTION_FINALIZER)) {
      const finalizers = [...new Set([...(claim.metadata.finalizers ?? []), PROTECTION_FINALIZER])];
      current = await this.#parts.client.update(
        persistentVolumeClaims,
        { ...claim, metadata: { ...claim.metadata, finalizers }, spec: { ...claim.spec, volumeName } },
        { signal: context.signal },
      );
      this.#fresh.wrote(current);
    }
    const storage = claim.spec?.resources?.requests?.storage;
    if (current.status?.phase === 'Bound' && current.status.capacity?.storage === storage) return done;
    await makeDirectory(this.#parts.directory, volumeName);
    const status = {
      ...current.status,
      phase: 'Bound' as const,
      ...(claim.spec?.accessModes ? { accessModes: claim.spec.accessModes } : {}),
      ...(storage === undefined ? {} : { capacity: { storage } }),
    };
    const wasBound = current.status?.phase === 'Bound';
    const bound = await this.#parts.client.updateStatus(
      persistentVolumeClaims,
      { ...current, status },
      { signal: context.signal },
    );
    this.#fresh.wrote(bound);
    if (!wasBound) {
      const message = `Successfully provisioned volume ${volumeName}`;
      this.#parts.events.record(persistentVolumeClaims, bound, 'Normal', 'ProvisioningSucceeded', message);
      context.log.info({ volumeName }, 'claim bound');
    }
    return done;
  }

  /** V2. */
  async #reclaim(key: string, claim: PersistentVolumeClaim, context: ReconcileContext): Promise<Outcome> {
    const { namespace, name = '', uid, resourceVersion, finalizers = [] } = claim.metadata;
    if (!finalizers.includes(PROTECTION_FINALIZER)) return done;
    const user = this.#parts.machines.byIndex(BY_CLAIM, key).find((machine) => machine.status?.nodeName);
    if (user) {
      this.#held.add(key);
      context.log.info({ machine: user.metadata.name }, 'a deleted claim is still in use');
      return done;
    }
    await removeDirectory(this.#parts.directory, volumeNameOf(claim));
    const left = finalizers.filter((finalizer) => finalizer !== PROTECTION_FINALIZER);
    try {
      const patch = { metadata: { uid, resourceVersion, finalizers: left } };
      const at = { namespace, name };
      this.#fresh.wrote(await this.#parts.client.patch(persistentVolumeClaims, at, patch, { signal: context.signal }));
    } catch (error) {
      if (!isError(error, 'notFound')) throw error;
    }
    context.log.info('claim reclaimed');
    return done;
  }
}
