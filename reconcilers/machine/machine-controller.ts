import type { Host, VirtualMachine, VirtualMachineStatus } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/events.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { resources } from '../../openapi/client/resources.ts';
import { getCondition, setCondition } from '../../openapi/machine/conditions.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import { keyOf } from '../../openapi/machinery/object.ts';
import { Freshness } from '../engine/freshness.ts';
import { again, done, type Outcome, type ReconcileContext, retry } from '../engine/reconcile.ts';
import { MachineHistory } from './history.ts';
import { abandoned, FINALIZER, nextStep } from './next-step.ts';
import { BY_HOST, Placer } from './placement.ts';

/**
 * Starts machines that are to run, and lets go of those that are deleted.
 *
 * M1  What is done follows from the object (next-step.ts); this file only does it.
 * M2  Nothing is decided from a copy that is older than this process' own last write of the machine.
 * M3  A machine without a host is looked at again whenever a host changes or another machine leaves one; the reason is
 *     written once and again only when it changes.
 * M4  A machine is taken away from a host only when the Host object has been gone for a minute: deleting it is an
 *     administrator's word that nothing runs there.
 */
export interface MachineControllerParts {
  readonly client: Client;
  readonly machines: Informer<VirtualMachine>;
  readonly hosts: Informer<Host>;
  readonly events: EventRecorder;
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
  /** Puts a key into this controller's queue. */
  enqueue(key: string): void;
  readonly now?: () => Date;
  readonly random?: () => number;
}

const HOST_GONE_MS = 60_000;
const { virtualMachines } = resources;

export class MachineController {
  readonly #parts: MachineControllerParts;
  readonly #placer: Placer;
  readonly #fresh = new Freshness();
  readonly #history: MachineHistory;
  /** Keys that found no host (M3). */
  readonly #unplaced = new Set<string>();
  /** Hosts that machines are on and that are not there, since when (M4). */
  readonly #hostGoneSince = new Map<string, number>();

  constructor(parts: MachineControllerParts) {
    this.#parts = parts;
    this.#placer = new Placer(parts);
    this.#history = new MachineHistory(parts.events);
  }

  /** Handler of the machines' informer. */
  readonly onMachine = (key: string): void => {
    if (this.#history.leftHost(key, this.#parts.machines.get(key))) this.#pokeUnplaced();
    this.#parts.enqueue(key);
  };

  /** Handler of the hosts' informer. */
  readonly onHost = (name: string): void => {
    if (this.#parts.hosts.get(name)) this.#hostGoneSince.delete(name);
    else for (const machine of this.#parts.machines.byIndex(BY_HOST, name)) this.#parts.enqueue(keyOf(machine));
    this.#pokeUnplaced();
  };

  readonly reconcile = async (key: string, context: ReconcileContext): Promise<Outcome> => {
    const machine = this.#parts.machines.get(key);
    this.#unplaced.delete(key);
    if (!machine) {
      this.#history.forget(key);
      return done;
    }
    // M2: its event is on the way and brings the key back.
    if (this.#fresh.isStale(machine)) return again(1000);
    this.#history.report(key, machine);
    if (machine.status?.nodeName) return this.#watchHost(machine, context);
    const now = this.#now();
    const step = nextStep(machine, now, (this.#parts.random ?? Math.random)());
    switch (step.kind) {
      case 'nothing':
        return done;
      case 'wait':
        return again(Math.max(1, step.until - now.getTime()));
      case 'place':
        return this.#place(key, machine, context);
      case 'release':
        return this.#release(machine, context);
      case 'write':
        if (step.warning) this.#parts.events.record(virtualMachines, machine, 'Warning', 'BackOff', step.why);
        context.log.info({ phase: step.status.phase, why: step.why }, 'machine status changes');
        await this.#write(machine, step.status, context);
        return done;
      default:
        step satisfies never;
        return done;
    }
  };

  #now(): Date {
    return (this.#parts.now ?? (() => new Date()))();
  }

  #pokeUnplaced(): void {
    for (const key of this.#unplaced) this.#parts.enqueue(key);
  }

  async #place(key: string, machine: VirtualMachine, context: ReconcileContext): Promise<Outcome> {
    const placement = this.#placer.find(machine);
    if (placement.kind === 'none') {
      this.#unplaced.add(key);
      await this.#unschedulable(machine, placement.message, context);
      return done;
    }
    try {
      const bound = await this.#placer.bind(key, machine, placement.name, context.signal);
      this.#fresh.wrote(bound);
      const { namespace, name } = machine.metadata;
      const text = `Successfully assigned ${namespace}/${name} to ${placement.name}`;
      this.#parts.events.record(virtualMachines, machine, 'Normal', 'Scheduled', text);
      context.log.info({ host: placement.name, bootID: bound.status?.bootID }, 'machine bound');
      return done;
    } catch (error) {
      // Room that was held for it is free again for those who were turned away meanwhile.
      this.#pokeUnplaced();
      if (isError(error, 'notFound')) return done;
      if (!isError(error, 'conflict')) throw error;
      const reasons = error.causes.map(({ reason }) => reason);
      // Somebody else was faster, or it shall not run any more: the event of that is on its way.
      if (reasons.includes('AlreadyBound') || reasons.includes('NotToRun')) return done;
      if (reasons.length > 0) {
        this.#unplaced.add(key);
        this.#parts.events.record(virtualMachines, machine, 'Warning', 'FailedScheduling', error.message);
      }
      return retry(error);
    }
  }

  /** M3. */
  async #unschedulable(machine: VirtualMachine, message: string, context: ReconcileContext): Promise<void> {
    const { status = {} } = machine;
    const before = getCondition(status.conditions, 'Scheduled');
    if (before?.status === 'False' && before.message === message) return;
    this.#parts.events.record(virtualMachines, machine, 'Warning', 'FailedScheduling', message);
    context.log.info({ why: message }, 'no host for the machine');
    const change = { type: 'Scheduled', status: 'False', reason: 'Unschedulable', message } as const;
    await this.#write(
      machine,
      { ...status, conditions: [...setCondition(status.conditions, change, this.#now())] },
      context,
    );
  }

  async #release(machine: VirtualMachine, context: ReconcileContext): Promise<Outcome> {
    const { namespace, name = '', uid, resourceVersion, finalizers = [] } = machine.metadata;
    const left = finalizers.filter((finalizer) => finalizer !== FINALIZER);
    try {
      const patched = await this.#parts.client.patch(
        virtualMachines,
        { namespace, name },
        { metadata: { uid, resourceVersion, finalizers: left } },
        { signal: context.signal },
      );
      this.#fresh.wrote(patched);
    } catch (error) {
      if (!isError(error, 'notFound')) throw error;
    }
    context.log.info('machine released');
    return done;
  }

  /** M4. */
  async #watchHost(machine: VirtualMachine, context: ReconcileContext): Promise<Outcome> {
    const host = machine.status?.nodeName ?? '';
    if (this.#parts.hosts.get(host)) return done;
    const now = performance.now();
    const since = this.#hostGoneSince.get(host) ?? now;
    this.#hostGoneSince.set(host, since);
    if (now - since < HOST_GONE_MS) return again(HOST_GONE_MS - (now - since) + 10);
    const status = abandoned(machine, this.#now());
    this.#parts.events.record(virtualMachines, machine, 'Warning', 'HostGone', status.message ?? '');
    await this.#write(machine, status, context);
    return done;
  }

  async #write(machine: VirtualMachine, status: VirtualMachineStatus, context: ReconcileContext): Promise<void> {
    const written = await this.#parts.client.updateStatus(
      virtualMachines,
      { ...machine, status },
      { signal: context.signal },
    );
    this.#fresh.wrote(written);
  }
}
