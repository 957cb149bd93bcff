import type { MachinePhase, VirtualMachine } from '../../openapi/api.ts';
import type { EventRecorder } from '../../openapi/client/events.ts';
import { resources } from '../../openapi/client/resources.ts';

/**
 * What this process saw of each machine last: it turns steps of the phase into Events for people, and notices machines
 * that leave a host. A machine that is seen for the first time is no news, so a restart repeats no event.
 */
export class MachineHistory {
  readonly #events: EventRecorder;
  readonly #seen = new Map<
    string,
    { readonly uid: string; readonly phase: MachinePhase | undefined; readonly bootID: string }
  >();
  readonly #hosts = new Map<string, string>();

  constructor(events: EventRecorder) {
    this.#events = events;
  }

  /** True when the machine was on a host and is not any more: there is room. */
  leftHost(key: string, machine: VirtualMachine | undefined): boolean {
    const before = this.#hosts.get(key);
    const host = machine?.status?.nodeName;
    if (host) this.#hosts.set(key, host);
    else this.#hosts.delete(key);
    return before !== undefined && before !== host;
  }

  forget(key: string): void {
    this.#seen.delete(key);
    this.#hosts.delete(key);
  }

  report(key: string, machine: VirtualMachine): void {
    const { phase, bootID = '' } = machine.status ?? {};
    const uid = machine.metadata.uid ?? '';
    const before = this.#seen.get(key);
    this.#seen.set(key, { uid, phase, bootID });
    if (!before || before.uid !== uid) return;
    if (before.phase === phase && (before.bootID === bootID || phase !== 'Running')) return;
    const told = story(machine);
    if (told) this.#events.record(resources.virtualMachines, machine, told.type, told.reason, told.message);
  }
}

function story({
  status = {},
}: VirtualMachine): { type: 'Normal' | 'Warning'; reason: string; message: string } | undefined {
  switch (status.phase) {
    case 'Running': {
      const total = status.timings?.total;
      const took = total === undefined ? '' : ` in ${total} ms`;
      return { type: 'Normal', reason: 'Started', message: `The machine runs on ${status.nodeName}${took}` };
    }
    case 'Stopped':
      return {
        type: 'Normal',
        reason: 'Stopped',
        message: status.exit?.message ?? status.message ?? 'The machine was stopped',
      };
    case 'Succeeded':
      return { type: 'Normal', reason: 'Succeeded', message: status.exit?.message ?? 'The guest powered off' };
    case 'Failed':
      return {
        type: 'Warning',
        reason: 'Failed',
        message: status.exit?.message ?? status.message ?? 'The machine failed',
      };
    default:
      return undefined;
  }
}
