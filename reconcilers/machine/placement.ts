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
 * B1  What this process has bound, or is about to, counts as taken until the informer has seen the binding (and no
 *     longer, since the machine may have left again); so machines that are placed at once do not all choose the same
 *     last room.
 * B2  The server's answer is final: what it refuses is given back at once.
 */
export interface PlacementParts {
  readonly client: Client;
  readonly machines: Pick<Informer<VirtualMachine>, 'get' | 'list' | 'byIndex'>;
  readonly hosts: Pick<Informer<Host>, 'list'>;
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
}

interface Assumed {
  readonly key: string;
  readonly host: string;
  readonly demand: Demand;
  readonly machine: VirtualMachine;
  readonly at: number;
  /** The revision of the binding; undefined while the server has not answered. */
  readonly revision: bigint | undefined;
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
    for (const assumed of this.#assumed.values()) {
      const { machine: other, host } = assumed;
      if (other.metadata.uid === machine.metadata.uid || this.#isShown(assumed)) continue;
      placed.push({ ...other, status: { ...other.status, nodeName: host } });
    }
    return schedule(machine, candidates, { placed, namespaceLabels: this.#parts.namespaceLabels });
  }

  /** POSTs the binding; the bound machine, or the server's StatusError (B2). */
  async bind(key: string, machine: VirtualMachine, host: string, signal: AbortSignal): Promise<VirtualMachine> {
    const { name = '', namespace, uid = '' } = machine.metadata;
    const assumed = { key, host, demand: demandOf(machine), machine, at: performance.now(), revision: undefined };
    this.#assumed.set(uid, assumed);
    try {
      const bound = await this.#parts.client.action<VirtualMachine>(
        resources.virtualMachines,
        { namespace, name },
        'binding',
        { apiVersion: 'torpor.dev/v1alpha1', kind: 'Binding', metadata: { name, uid }, target: { name: host } },
        { signal },
      );
      this.#assumed.set(uid, { ...assumed, revision: BigInt(bound.metadata.resourceVersion ?? 0) });
      return bound;
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
    for (const assumed of this.#assumed.values()) {
      if (assumed.host === name && !this.#isShown(assumed)) count(assumed.demand);
    }
    return { host, used: { cpu, memory } };
  }

  /** The informer may be faster than the answer to the binding; nothing is counted twice. */
  #isShown({ key, host, machine }: Assumed): boolean {
    const shown = this.#parts.machines.get(key);
    return shown?.metadata.uid === machine.metadata.uid && shown?.status?.nodeName === host;
  }

  /** What the informer has seen by now is assumed no longer (B1). */
  #settle(): void {
    for (const [uid, { key, at, revision }] of this.#assumed) {
      const shown = this.#parts.machines.get(key);
      const seen = shown?.metadata.uid !== uid || isAtLeast(shown.metadata.resourceVersion, revision);
      if (seen || performance.now() - at > ASSUMED_FOR_MS) this.#assumed.delete(uid);
    }
  }
}

function isAtLeast(version: string | undefined, revision: bigint | undefined): boolean {
  return revision !== undefined && BigInt(version ?? 0) >= revision;
}
