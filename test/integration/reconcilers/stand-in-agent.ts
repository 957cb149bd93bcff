import type { Duplex } from 'node:stream';
import type { Host, VirtualMachine, VirtualMachineStatus } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import { Informer } from '../../../openapi/client/informer.ts';
import { pathOf, resources } from '../../../openapi/client/resources.ts';
import { openUpgrade } from '../../../openapi/client/upgrade.ts';
import { removeCondition, setCondition } from '../../../openapi/machine/conditions.ts';
import { enterPhase } from '../../../openapi/machine/phases.ts';
import { desired } from '../../../openapi/machine/power.ts';
import { isError } from '../../../openapi/machinery/errors.ts';

/**
 * What the reconcilers see of a node: a Host, a live stream, and status writes, made with a launcher's rights. It starts
 * no QEMU; what a machine "does" is what the test says.
 */
export class StandInAgent {
  readonly #client: Client;
  readonly #node: string;
  readonly machines: Informer<VirtualMachine>;
  readonly problems: unknown[] = [];
  /** Machines whose guest fails right after its start. */
  readonly failing = new Set<string>();
  #live: Duplex | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(client: Client, node: string) {
    this.#client = client;
    this.#node = node;
    this.machines = new Informer(client, resources.virtualMachines, { fieldSelector: `status.nodeName=${node}` });
    this.machines.onKey((key) => {
      this.#work = this.#work.then(() => this.#sync(key)).catch((error: unknown) => this.problems.push(error));
    });
  }

  async start(allocatable: { cpu: string; memory: string }): Promise<void> {
    const name = this.#node;
    const object: Host = { apiVersion: 'torpor.dev/v1alpha1', kind: 'Host', metadata: { name }, spec: {} };
    const host = await this.#client.create(resources.hosts, object).catch(async (error: unknown) => {
      if (!isError(error, 'alreadyExists')) throw error;
      return this.#client.get(resources.hosts, { name });
    });
    const ready = {
      type: 'Ready',
      status: 'True' as const,
      reason: 'Ready',
      message: 'machines can start',
      lastTransitionTime: moment(),
    };
    await this.#client.updateStatus(resources.hosts, {
      ...host,
      status: { capacity: allocatable, allocatable, conditions: [ready], machineTypes: ['pc-q35-7.2', 'q35'] },
    });
    this.#live = (
      await openUpgrade(this.#client.connection, pathOf(resources.hosts, { name, subresource: 'live' }), 'torpor-live')
    ).socket;
    this.machines.start();
    await this.machines.whenSynced();
  }

  async stop(): Promise<void> {
    this.#live?.destroy();
    await this.machines.stop();
    await this.#work;
  }

  async #sync(key: string): Promise<void> {
    const machine = this.machines.get(key);
    if (!machine?.status?.nodeName) return;
    const { status } = machine;
    if (desired(machine) === 'stop') return this.#end(machine, 'Stopped', 'it was asked to stop');
    if (status.phase !== 'Preparing') return;
    if (this.failing.has(machine.metadata.name ?? '')) return this.#end(machine, 'Failed', 'QEMU died');
    const running = { type: 'Running', status: 'True', reason: 'Running', message: 'the guest runs' } as const;
    const conditions = [...setCondition(status.conditions, running, new Date())];
    await this.#write(machine, { ...enterPhase(status, 'Running', new Date()), conditions });
  }

  /** The one write with which an agent lets go of a machine. */
  async #end(machine: VirtualMachine, phase: 'Stopped' | 'Failed', message: string): Promise<void> {
    const { nodeName = '', bootID = '', conditions, ...before } = machine.status ?? {};
    const rest = { ...before, conditions: [...removeCondition(conditions, 'Running')] };
    const exit = { reason: phase === 'Failed' ? 'HypervisorDied' : 'Requested', message, bootID, finishedAt: moment() };
    await this.#write(machine, { ...enterPhase(rest, phase, new Date()), lastNodeName: nodeName, exit });
  }

  async #write(machine: VirtualMachine, status: VirtualMachineStatus): Promise<void> {
    try {
      await this.#client.updateStatus(resources.virtualMachines, { ...machine, status });
    } catch (error) {
      // The newer state is on its way.
      if (!isError(error, 'conflict') && !isError(error, 'notFound')) throw error;
    }
  }
}

const moment = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');
