import type { VirtualMachine } from '../../openapi/api.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { effectiveMachine } from '../../openapi/machine/effective.ts';
import { identityOf } from '../sandbox/identity.ts';
import type { MachineRecord, RecordedEnd } from '../sandbox/record.ts';
import { Actor } from './actor.ts';
import type { Node } from './node.ts';

/**
 * The agent: one actor for each machine that this node holds something for.
 *
 * G1  A machine has an actor from the moment that it is seen bound to this node, or found in a record, until its record is
 *     gone. It has one at a time; the next boot's waits for the last one's end.
 * G2  A boot whose actor has come to its end is never started again, even while the informer still shows it.
 * G3  Records are adopted only when the informer has its first complete list, so no machine is taken for gone because it
 *     was not listed yet.
 * G4  close() resolves when every actor has let go; guests run on.
 * G5  A boot of which the API says that its guest ran, and of which no record is here, is lost and never run again: the
 *     record went with a disk or a loss of power, and so did the guest.
 */
const MOST_ENDED = 4096;

export class Agent {
  readonly #node: Node;
  readonly #machines: Informer<VirtualMachine>;
  readonly #actors = new Map<string, { readonly actor: Actor; readonly done: Promise<void> }>();
  /** Boots that have ended here, the latest last (G2). */
  readonly #ended = new Set<string>();
  #unsubscribe: () => void = () => {};
  #closed = false;

  constructor(node: Node, machines: Informer<VirtualMachine>) {
    this.#node = node;
    this.#machines = machines;
  }

  /** Adopts the records, then follows the informer; resolves when both have begun (G3). */
  async start(records: readonly MachineRecord[], signal: AbortSignal): Promise<void> {
    await this.#machines.whenSynced(signal);
    for (const record of records) this.#begin(record, true);
    this.#unsubscribe = this.#machines.onKey((key) => this.#look(key));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    for (const { actor } of this.#actors.values()) actor.close();
    await Promise.all([...this.#actors.values()].map(({ done }) => done));
  }

  /** Machines by the state of their actor. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { actor } of this.#actors.values()) counts.set(actor.state, (counts.get(actor.state) ?? 0) + 1);
    return counts;
  }

  /** The record of a machine that this node holds, if its namespace and name are these. */
  holds(namespace: string, name: string, uid: string): boolean {
    const record = this.#actors.get(uid)?.actor.record;
    return record?.namespace === namespace && record.name === name;
  }

  #look(key: string): void {
    if (this.#closed) return;
    for (const { actor } of this.#actors.values()) {
      if (`${actor.record.namespace}/${actor.record.name}` === key) actor.notify();
    }
    const machine = this.#machines.get(key);
    const { uid, namespace, name } = machine?.metadata ?? {};
    const { nodeName, bootID } = machine?.status ?? {};
    if (machine === undefined || uid === undefined || namespace === undefined || name === undefined) return;
    if (nodeName !== this.#node.name || bootID === undefined || this.#ended.has(bootID)) return;
    if (this.#actors.has(uid)) return;
    let slot: number;
    try {
      slot = this.#node.slots.take(uid);
    } catch (error) {
      const message = (error as Error).message;
      this.#node.event(machine, 'Warning', 'NoAddress', message);
      this.#node.log.error({ machine: key, err: error }, 'a machine gets no slot');
      return;
    }
    const record = freshRecord(machine, { uid, namespace, name, bootID, slot });
    const { phase } = machine.status ?? {};
    if (phase === 'Preparing' || phase === 'Starting') this.#begin(record, false);
    else this.#begin({ ...record, stage: 'ended', end: lost(this.#node.now()) }, true); // G5
  }

  #begin(record: MachineRecord, adopted: boolean): void {
    const key = `${record.namespace}/${record.name}`;
    const actor = new Actor({ node: this.#node, record, adopted, current: () => this.#machines.get(key) });
    const done = actor.run().then(() => {
      this.#actors.delete(record.uid);
      if (actor.state !== 'gone') return;
      this.#node.slots.release(record.uid);
      this.#ended.add(record.bootID);
      const [oldest] = this.#ended;
      if (this.#ended.size > MOST_ENDED && oldest !== undefined) this.#ended.delete(oldest);
      // The next boot may be there already (G1), or another machine may have waited for the slot.
      this.#look(key);
    });
    this.#actors.set(record.uid, { actor, done });
  }
}

function freshRecord(
  machine: VirtualMachine,
  identity: Pick<MachineRecord, 'uid' | 'namespace' | 'name' | 'bootID' | 'slot'>,
): MachineRecord {
  return {
    version: 1,
    ...identity,
    stage: 'preparing',
    machine: effectiveMachine(machine),
    interfaces: [],
    timings: {},
  };
}

function lost(now: Date): RecordedEnd {
  const message =
    'The machine is gone: the launcher has no record of it (the host lost power, or its state directory was replaced)';
  return { phase: 'Failed', reason: 'SandboxLost', message, finishedAt: now.toISOString() };
}

/** Names of the sandboxes that records lead to. */
export function ownedNames(records: readonly MachineRecord[], range: Node['identities']): Set<string> {
  return new Set(records.map(({ slot }) => identityOf(slot, range).name));
}
