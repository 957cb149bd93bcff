import type { Host, VirtualMachine } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { resources } from '../../openapi/client/resources.ts';
import { type Demand, demandOf } from '../../openapi/machine/demand.ts';
import type { Candidate } from '../scheduler/predicates.ts';
import { type Placement, schedule } from '../scheduler/schedule.ts';

/** Name of the informers' index of machines by the host that they are on. */
export const BY_HOST = 'host';

export const byHost = (machine: VirtualMachine): readonly string[] =>
  machine.status?.nodeName ? [machine.status.nodeName] : [];

/**
 * Finds a host and binds to it.
 *
 * B1  What this process has bound, or is about to, counts as taken before the informer shows it; so machines that are
 *     placed at once do not all choose the same last room.
 * B2  The server's answer is final: what it refuses is given back at once.
 */
export interface PlacementParts {
  readonly client: Client;
  readonly machines: Informer<VirtualMachine>;
  readonly hosts: Informer<Host>;
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
}

interface Assumed {
  readonly key: string;
  readonly host: string;
  readonly demand: Demand;
  readonly machine: VirtualMachine;
  readonly at: number;
}

const ASSUMED_FOR_MS = 30_000;

export class Placer {
  readonly #parts: PlacementParts;
  readonly #assumed = new Map<string, Assumed>();

  constructor(parts: PlacementParts) {
    this.#parts = parts;
  }

  find(machine: VirtualMachine): Placement {
    this.#settle();
    const candidates = this.#parts.hosts.list().map((host) => this.#candidate(host));
    const placed = this.#parts.machines.list().filter((other) => other.status?.nodeName);
    for (const { machine: other, host } of this.#assumed.values()) {
      if (other.metadata.uid !== machine.metadata.uid) {
        placed.push({ ...other, status: { ...other.status, nodeName: host } });
      }
    }
    return schedule(machine, candidates, { placed, namespaceLabels: this.#parts.namespaceLabels });
  }

  /** POSTs the binding; the bound machine, or the server's StatusError (B2). */
  async bind(key: string, machine: VirtualMachine, host: string, signal: AbortSignal): Promise<VirtualMachine> {
    const { name = '', namespace, uid = '' } = machine.metadata;
    this.#assumed.set(uid, { key, host, demand: demandOf(machine), machine, at: performance.now() });
    try {
      return await this.#parts.client.action(
        resources.virtualMachines,
        { namespace, name },
        'binding',
        { apiVersion: 'torpor.dev/v1alpha1', kind: 'Binding', metadata: { name, uid }, target: { name: host } },
        { signal },
      );
    } catch (error) {
      this.#assumed.delete(uid);
      throw error;
    }
  }

  #candidate(host: Host): Candidate {
    const name = host.metadata.name ?? '';
    let cpu = 0;
    let memory = 0;
    const count = (demand: Demand) => {
      cpu += demand.cpu;
      memory += demand.memory;
    };
    for (const machine of this.#parts.machines.byIndex(BY_HOST, name)) count(demandOf(machine));
    for (const assumed of this.#assumed.values()) if (assumed.host === name) count(assumed.demand);
    return { host, used: { cpu, memory } };
  }

  /** What the informer shows by now is assumed no longer. */
  #settle(): void {
    for (const [uid, { key, at }] of this.#assumed) {
      const shown = this.#parts.machines.get(key);
      const known = shown === undefined || shown.metadata.uid !== uid || shown.status?.nodeName;
      if (known || performance.now() - at > ASSUMED_FOR_MS) this.#assumed.delete(uid);
    }
  }
}
