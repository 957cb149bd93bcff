import { createLogger } from '../../../base/log.ts';
import type { VirtualMachine, VirtualMachinePool } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import { ConnectionError } from '../../../openapi/client/transport.ts';
import { errors } from '../../../openapi/machinery/errors.ts';
import { keyOf } from '../../../openapi/machinery/object.ts';
import type { Outcome } from '../../engine/reconcile.ts';
import { byController } from '../members.ts';
import { PoolController } from '../pool-controller.ts';

/** What becomes of one call to the server. */
export type Fate = 'answered' | 'refused' | 'lost-before' | 'lost-after';

type Stored = VirtualMachine | VirtualMachinePool;
const MACHINES = { group: 'torpor.dev', plural: 'virtualmachines' };

/**
 * For tests of faults: the pool controller between a server that may lose answers and informers that show what happened
 * only when they are told to (`deliver`).
 */
export class LateWorld {
  readonly machines = new Map<string, VirtualMachine>();
  readonly pools = new Map<string, VirtualMachinePool>();
  readonly controller: PoolController;
  /** Keys that informers put into the queue. */
  readonly queue = new Set<string>();
  readonly recorded: string[] = [];
  readonly calls: string[] = [];
  /** The fates of the coming creates and deletes; what is beyond is answered. */
  fates: Fate[] = [];
  /** The largest number of machines at once that were not being deleted. */
  most = 0;
  #revision = 100n;
  #uids = 0;
  readonly #seenMachines = new Map<string, VirtualMachine>();
  readonly #seenPools = new Map<string, VirtualMachinePool>();
  #seen = '100';
  readonly #events: { revision: bigint; apply: () => string | undefined }[] = [];

  constructor() {
    this.controller = new PoolController({
      client: this.#client() as unknown as Client,
      pools: { get: (key: string) => this.#seenPools.get(key), list: () => [...this.#seenPools.values()] } as never,
      machines: this.#copy() as never,
      events: { record: (...[, , , reason]: string[]) => this.recorded.push(reason ?? '') } as never,
      enqueue: (key) => this.queue.add(key),
      now: () => new Date('2026-01-01T00:00:00Z'),
    });
  }

  put(pool: VirtualMachinePool): void {
    this.#store(this.pools, { ...pool, metadata: { ...pool.metadata } });
  }

  putMachine(machine: VirtualMachine): void {
    this.#store(this.machines, { ...machine, metadata: { ...machine.metadata } });
  }

  /** Lets the informers see up to `count` further events. */
  deliver(count = Number.POSITIVE_INFINITY): void {
    for (const event of this.#events.splice(0, count)) {
      const machine = event.apply();
      this.#seen = String(event.revision);
      if (machine !== undefined) this.controller.onMachine(machine);
    }
  }

  reconcile(key = 'default/web'): Promise<Outcome> {
    return this.controller
      .reconcile(key, { signal: new AbortController().signal, log: createLogger('test', { level: 'fatal' }) })
      .catch((error: unknown) => ({ kind: 'retry', error }) as const);
  }

  /** Machines that are not being deleted. */
  get alive(): VirtualMachine[] {
    return [...this.machines.values()].filter(({ metadata }) => !metadata.deletionTimestamp);
  }

  #copy() {
    const seen = this.#seenMachines;
    const revision = () => this.#seen;
    return {
      get revision() {
        return revision();
      },
      get: (key: string) => seen.get(key),
      byIndex: (_index: string, value: string) => [...seen.values()].filter((one) => byController(one).includes(value)),
    };
  }

  #store<T extends Stored>(where: Map<string, T>, object: T): T {
    this.#revision += 1n;
    object.metadata.resourceVersion = String(this.#revision);
    const key = keyOf(object);
    where.set(key, object);
    this.most = Math.max(this.most, this.alive.length);
    this.#events.push({ revision: this.#revision, apply: () => this.#show(key, object) });
    return object;
  }

  #show(key: string, object: Stored): string | undefined {
    if (object.kind === 'VirtualMachine') {
      this.#seenMachines.set(key, object as VirtualMachine);
      return key;
    }
    this.#seenPools.set(key, object as VirtualMachinePool);
    this.queue.add(key);
    return undefined;
  }

  /** A machine that is being deleted and whose host has let go of it. */
  finish(name: string): void {
    const key = `default/${name}`;
    this.machines.delete(key);
    this.#revision += 1n;
    this.#events.push({
      revision: this.#revision,
      apply: () => {
        this.#seenMachines.delete(key);
        return key;
      },
    });
  }

  #fate<T>(what: string, act: () => T): T {
    this.calls.push(what);
    const lost = () => new ConnectionError(new URL('https://localhost'), new Error('the connection was lost'));
    const fate = this.fates.shift() ?? 'answered';
    switch (fate) {
      case 'answered':
        return act();
      case 'refused':
        throw errors.forbidden(MACHINES, what, 'exceeded quota');
      case 'lost-before':
        throw lost();
      case 'lost-after':
        act();
        throw lost();
      default:
        return fate satisfies never;
    }
  }

  #found<T extends Stored>(where: Map<string, T>, { namespace, name }: { namespace?: string; name: string }): T {
    const object = where.get(`${namespace}/${name}`);
    if (!object) throw errors.notFound(MACHINES, name);
    return object;
  }

  #client() {
    const copied = <T>(value: T): T => structuredClone(value);
    return {
      create: async (_resource: unknown, object: VirtualMachine) =>
        this.#fate(`create ${object.metadata.name}`, () => {
          const key = keyOf(object);
          if (this.machines.has(key)) throw errors.alreadyExists(MACHINES, object.metadata.name ?? '');
          this.#uids += 1;
          const made = copied(object);
          made.metadata.uid = `uid-${this.#uids}`;
          return copied(this.#store(this.machines, made));
        }),
      get: async (resource: { plural: string }, at: { namespace: string; name: string }) => {
        const where: Map<string, Stored> = resource.plural === 'virtualmachines' ? this.machines : this.pools;
        return copied(this.#found(where, at));
      },
      patch: async (_resource: unknown, at: { namespace: string; name: string }, patch: Partial<VirtualMachine>) => {
        const machine = copied(this.#found(this.machines, at));
        if (patch.metadata?.resourceVersion !== machine.metadata.resourceVersion)
          throw errors.conflict(MACHINES, at.name);
        Object.assign(machine.metadata, patch.metadata);
        return copied(this.#store(this.machines, machine));
      },
      delete: async (_resource: unknown, at: { namespace: string; name: string }) =>
        this.#fate(`delete ${at.name}`, () => {
          const machine = copied(this.#found(this.machines, at));
          machine.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
          return copied(this.#store(this.machines, machine));
        }),
      updateStatus: async (_resource: unknown, pool: VirtualMachinePool) => {
        const stored = this.#found(this.pools, { namespace: 'default', name: pool.metadata.name ?? '' });
        if (stored.metadata.resourceVersion !== pool.metadata.resourceVersion)
          throw errors.conflict(MACHINES, pool.metadata.name ?? '');
        const { status = {} } = copied(pool);
        return copied(this.#store(this.pools, { ...copied(stored), status }));
      },
    };
  }
}
