import type { VirtualMachine } from '../../openapi/api.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';

/** What an agent says of one machine (MachineLive); never stored. */
export type MachineValues = Readonly<Record<string, string | number>>;

/**
 * Live values of machines and hosts, as the agents' streams bring them.
 *
 * E1  Values belong to the node whose agent sent them: an agent cannot say anything about a machine of another node.
 * E2  When a stream ends its values are gone at once; a newer stream of the same node replaces the older one.
 * E3  null means "no stream": nothing can be said. An empty object means that the agent is there and has nothing to say.
 */
export class LiveValues {
  readonly #sessions = new Map<string, LiveSession>();

  /** A stream has come (E2). */
  open(node: string, now = new Date()): LiveSession {
    const session = new LiveSession(now, () => {
      if (this.#sessions.get(node) === session) this.#sessions.delete(node);
    });
    this.#sessions.set(node, session);
    return session;
  }

  isConnected(node: string): boolean {
    return this.#sessions.has(node);
  }

  ofMachine(node: string, uid: string): MachineValues | null {
    const session = this.#sessions.get(node);
    return session === undefined ? null : (session.get(uid) ?? {});
  }

  ofHost(node: string): { connected: true; since: string; machines: number } | null {
    const session = this.#sessions.get(node);
    return session === undefined ? null : { connected: true, since: session.since, machines: session.size };
  }

  /** Sets status.live of a machine, for the caller's own copy. A machine that no node holds has none. */
  mergeMachine(object: KubernetesObject): void {
    const machine = object as unknown as VirtualMachine;
    const { nodeName } = machine.status ?? {};
    if (!nodeName) return;
    const status = object.status as Record<string, unknown>;
    status.live = this.ofMachine(nodeName, machine.metadata.uid ?? '');
  }

  /** Sets status.live of a Host, for the caller's own copy. */
  mergeHost(object: KubernetesObject): void {
    object.status = { ...(object.status as object | undefined), live: this.ofHost(object.metadata.name ?? '') };
  }
}

/** One agent's stream, as long as it lasts. */
export class LiveSession {
  readonly since: string;
  readonly #machines = new Map<string, MachineValues>();
  readonly #onClose: () => void;

  constructor(now: Date, onClose: () => void) {
    this.since = `${now.toISOString().slice(0, 19)}Z`;
    this.#onClose = onClose;
  }

  get size(): number {
    return this.#machines.size;
  }

  get(uid: string): MachineValues | undefined {
    return this.#machines.get(uid);
  }

  set(uid: string, values: MachineValues): void {
    this.#machines.set(uid, values);
  }

  remove(uid: string): void {
    this.#machines.delete(uid);
  }

  close(): void {
    this.#machines.clear();
    this.#onClose();
  }
}
