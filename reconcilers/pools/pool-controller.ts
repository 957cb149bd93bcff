import { isDeepStrictEqual } from 'node:util';
import type { VirtualMachine, VirtualMachinePool } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/events.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { resources } from '../../openapi/client/resources.ts';
import { isError, StatusError } from '../../openapi/machinery/errors.ts';
import type { OwnerReference } from '../../openapi/machinery/object.ts';
import { Freshness } from '../engine/freshness.ts';
import { OwnWrites } from '../engine/own-writes.ts';
import { again, done, type Outcome, type ReconcileContext, retry } from '../engine/reconcile.ts';
import { inBatches } from './batches.ts';
import { Births } from './births.ts';
import { BY_CONTROLLER, byController, membersOf, nobodysIn, ownedBy } from './members.ts';
import { type Failure, statusOf } from './pool-status.ts';
import { PoolsOfMachines } from './pools-of-machines.ts';
import { firstToGo } from './scale-in.ts';

/**
 * Keeps as many machines as a pool wants.
 *
 * P1  A machine counts from its creation until its deletion is asked for, whether it runs or not: what has ended is a
 *     matter of its runStrategy, and it is never replaced for that.
 * P2  Machines are counted with this process' own writes over the informer's copy (engine/own-writes.ts), so none is made
 *     or deleted twice because an event is late.
 * P3  Creates and deletes come in batches of 1, 2, 4 … 16 at once; the first failure ends the round, and so do 64 changes,
 *     after which other pools have their turn.
 * P4  Nothing is adopted before the pool itself was read again: an informer may still show one that is gone.
 * P5  A pool that is being deleted makes and deletes nothing: its machines follow their owner reference.
 * P6  The status is written once a round and only when it changed; what failed stands in it, and is tried again.
 */
export interface PoolControllerParts {
  readonly client: Client;
  readonly pools: Informer<VirtualMachinePool>;
  /** Indexed by controllers (BY_CONTROLLER). */
  readonly machines: Informer<VirtualMachine>;
  readonly events: EventRecorder;
  /** Puts a key into this controller's queue. */
  enqueue(key: string): void;
  readonly now?: () => Date;
}

/** What one round did and what is left to do. */
interface Round {
  readonly made: readonly VirtualMachine[];
  readonly removed: readonly VirtualMachine[];
  readonly failure: { readonly told: Failure; readonly error: unknown } | undefined;
  readonly more: boolean;
}

const MOST_CHANGES = 64;
const NOTHING: Round = { made: [], removed: [], failure: undefined, more: false };
const { virtualMachines, virtualMachinePools } = resources;

export class PoolController {
  readonly #parts: PoolControllerParts;
  readonly #fresh = new Freshness();
  readonly #own: OwnWrites<VirtualMachine>;
  readonly #births: Births;
  readonly #poolsOf: PoolsOfMachines;
  /** Uids of pools by key, to forget what is remembered of those that are gone. */
  readonly #uids = new Map<string, string>();

  constructor(parts: PoolControllerParts) {
    this.#parts = parts;
    this.#own = new OwnWrites(parts.machines);
    this.#births = new Births(parts.client);
    this.#poolsOf = new PoolsOfMachines(parts.pools);
  }

  /** Handler of the machines' informer. */
  readonly onMachine = (key: string): void => {
    for (const pool of this.#poolsOf.changed(key, this.#parts.machines.get(key))) this.#parts.enqueue(pool);
  };

  readonly reconcile = async (key: string, context: ReconcileContext): Promise<Outcome> => {
    const pool = this.#parts.pools.get(key);
    const uid = pool?.metadata.uid ?? '';
    const before = this.#uids.get(key);
    if (before !== undefined && before !== uid) {
      this.#births.forget(before);
      this.#fresh.forget(before);
    }
    if (!pool) {
      this.#uids.delete(key);
      return done;
    }
    this.#uids.set(key, uid);
    // Its event is on the way and brings the key back.
    if (this.#fresh.isStale(pool)) return again(1000);
    const machines = (await this.#claim(pool, context)).filter(({ metadata }) => !metadata.deletionTimestamp);
    // P5
    const round = pool.metadata.deletionTimestamp ? NOTHING : await this.#scale(pool, machines, context);
    const gone = new Set(round.removed.map(({ metadata }) => metadata.uid));
    const left = [...machines.filter(({ metadata }) => !gone.has(metadata.uid)), ...round.made];
    await this.#writeStatus(pool, left, round.failure?.told, context);
    if (round.failure) return retry(round.failure.error);
    return round.more ? again(1) : done;
  };

  /** The pool's machines, after adopting and letting go. */
  async #claim(pool: VirtualMachinePool, { signal, log }: ReconcileContext): Promise<VirtualMachine[]> {
    const { namespace, uid = '' } = pool.metadata;
    const found = [uid, nobodysIn(namespace)].flatMap((value) => this.#parts.machines.byIndex(BY_CONTROLLER, value));
    // P2
    const candidates = this.#own.over(found, (machine) =>
      byController(machine).some((value) => value === uid || value === nobodysIn(namespace)),
    );
    const { own, adopt, release } = membersOf(pool, candidates);
    const claimed = [...own];
    for (const machine of release) {
      const others = (machine.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      await this.#setOwners(machine, others, signal);
      log.info({ machine: machine.metadata.name }, 'a machine that the selector matches no more was let go');
    }
    if (adopt.length === 0 || !(await this.#isThere(pool, signal))) return claimed;
    for (const machine of adopt) {
      const owners = [...(machine.metadata.ownerReferences ?? []), ownedBy(pool)];
      const adopted = await this.#setOwners(machine, owners, signal);
      if (adopted) claimed.push(adopted);
      log.info({ machine: machine.metadata.name }, 'a machine without a controller was adopted');
    }
    return claimed;
  }

  /** P4. */
  async #isThere({ metadata }: VirtualMachinePool, signal: AbortSignal): Promise<boolean> {
    const { namespace, name = '', uid } = metadata;
    try {
      const now = await this.#parts.client.get(virtualMachinePools, { namespace, name }, { signal });
      return now.metadata.uid === uid && !now.metadata.deletionTimestamp;
    } catch (error) {
      if (isError(error, 'notFound')) return false;
      throw error;
    }
  }

  /** Undefined when the machine is gone. @throws StatusError 409 when somebody changed it: the next look sees that. */
  async #setOwners(
    machine: VirtualMachine,
    ownerReferences: readonly OwnerReference[],
    signal: AbortSignal,
  ): Promise<VirtualMachine | undefined> {
    const { namespace, name = '', uid, resourceVersion } = machine.metadata;
    try {
      const patch = { metadata: { uid, resourceVersion, ownerReferences } };
      const patched = await this.#parts.client.patch(virtualMachines, { namespace, name }, patch, { signal });
      this.#own.wrote(patched);
      return patched;
    } catch (error) {
      if (isError(error, 'notFound')) return undefined;
      throw error;
    }
  }

  async #scale(pool: VirtualMachinePool, machines: readonly VirtualMachine[], context: ReconcileContext) {
    const missing = (pool.spec.replicas ?? 1) - machines.length;
    if (missing > 0) return this.#grow(pool, missing, context);
    return missing < 0 ? this.#shrink(pool, firstToGo(machines, -missing), context) : NOTHING;
  }

  async #grow(pool: VirtualMachinePool, missing: number, { signal, log }: ReconcileContext): Promise<Round> {
    const count = Math.min(missing, MOST_CHANGES);
    const { results: made, error } = await inBatches(Array.from({ length: count }), async () => {
      const machine = await this.#births.make(pool, signal);
      this.#own.wrote(machine);
      this.#record(pool, 'Normal', 'SuccessfulCreate', `Created machine: ${machine.metadata.name}`);
      return machine;
    });
    if (made.length > 0) log.info({ made: made.length, missing }, 'machines were made');
    if (error === undefined) return { ...NOTHING, made, more: missing > count };
    // The namespace and the pool with it are on their way out.
    if (error instanceof StatusError && error.causes.some(({ reason }) => reason === 'NamespaceTerminating')) {
      return { ...NOTHING, made };
    }
    const message = `a machine could not be created: ${textOf(error)}`;
    this.#record(pool, 'Warning', 'FailedCreate', message);
    return { ...NOTHING, made, failure: { told: { reason: 'FailedCreate', message }, error } };
  }

  async #shrink(
    pool: VirtualMachinePool,
    surplus: readonly VirtualMachine[],
    { signal, log }: ReconcileContext,
  ): Promise<Round> {
    const { results: removed, error } = await inBatches(surplus.slice(0, MOST_CHANGES), async (machine) => {
      await this.#remove(machine, signal);
      this.#record(pool, 'Normal', 'SuccessfulDelete', `Deleted machine: ${machine.metadata.name}`);
      return machine;
    });
    if (removed.length > 0) log.info({ removed: removed.length, surplus: surplus.length }, 'machines were deleted');
    if (error === undefined) return { ...NOTHING, removed, more: surplus.length > removed.length };
    const message = `a machine could not be deleted: ${textOf(error)}`;
    this.#record(pool, 'Warning', 'FailedDelete', message);
    return { ...NOTHING, removed, failure: { told: { reason: 'FailedDelete', message }, error } };
  }

  async #remove(machine: VirtualMachine, signal: AbortSignal): Promise<void> {
    const { namespace, name = '', uid = '' } = machine.metadata;
    try {
      const answer = await this.#parts.client.delete(virtualMachines, { namespace, name }, { uid, signal });
      if (answer.kind === 'Status') this.#own.removed(machine);
      else this.#own.wrote(answer as VirtualMachine);
    } catch (error) {
      // Gone, or another one has the name: this one is no more.
      if (!isError(error, 'notFound') && !isError(error, 'conflict')) throw error;
      this.#own.removed(machine);
    }
  }

  /** P6. */
  async #writeStatus(
    pool: VirtualMachinePool,
    machines: readonly VirtualMachine[],
    failure: Failure | undefined,
    { signal }: ReconcileContext,
  ): Promise<void> {
    const status = statusOf(pool, machines, failure, (this.#parts.now ?? (() => new Date()))());
    if (isDeepStrictEqual(status, pool.status)) return;
    try {
      this.#fresh.wrote(await this.#parts.client.updateStatus(virtualMachinePools, { ...pool, status }, { signal }));
    } catch (error) {
      if (!isError(error, 'notFound')) throw error;
    }
  }

  #record(pool: VirtualMachinePool, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#parts.events.record(virtualMachinePools, pool, type, reason, message);
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
