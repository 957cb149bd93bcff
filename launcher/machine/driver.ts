import type { GuestExit, SupervisorClient, SupervisorState } from '../sandbox/supervisor-client.ts';
import { Qmp, QmpError, type QmpEvent } from './qmp.ts';

/**
 * A machine that runs in a sandbox. The agent knows it by this interface alone; the one implementation is QEMU driven by
 * QMP, and another hypervisor or a libvirt would be a second one.
 *
 * D1  `ended` resolves exactly once, with how the guest ended, and never rejects.
 * D2  stop asks and returns; the end comes through `ended`, at the latest when the grace period is over.
 * D3  release lets go of all connections and leaves the machine running.
 */
export interface RunningMachine {
  readonly ended: Promise<MachineEnd>;
  /** @throws when the sandbox cannot be reached; then `ended` resolves too. */
  stop(graceSeconds: number): Promise<void>;
  /** Whether the guest's processors run. */
  isRunning(): Promise<boolean>;
  /** What the readiness probe of the sandbox answers. */
  setReady(ready: boolean): Promise<void>;
  release(): void;
}

export type MachineEnd =
  /** QEMU ended in order. `byGuest`: the guest powered off by itself or followed the power button. */
  | { readonly kind: 'powered-off'; readonly exit: GuestExit; readonly byGuest: boolean }
  /** The grace period was over. */
  | { readonly kind: 'killed'; readonly exit: GuestExit }
  /** QEMU ended with an error or by a signal that we did not send. */
  | { readonly kind: 'died'; readonly exit: GuestExit }
  /** The sandbox is gone, so its guest is too. */
  | { readonly kind: 'lost'; readonly message: string };

export interface MachineEvents {
  /** A QMP event, for example GUEST_PANICKED or WATCHDOG. */
  onEvent?(event: QmpEvent): void;
}

/** Pure: what an exit report means. */
export function endOf(exit: GuestExit): MachineEnd {
  if (exit.killed) return { kind: 'killed', exit };
  if (exit.code !== 0) return { kind: 'died', exit };
  return { kind: 'powered-off', exit, byGuest: exit.reason === 'guest-shutdown' };
}

/** Gathers what the supervisor tells until the machine is there to hear it. */
export class EndWatch {
  /** D1: the first report counts, later ones are dropped. */
  readonly ended: Promise<MachineEnd>;
  #resolve: (end: MachineEnd) => void = () => {};
  constructor() {
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
  onExit(exit: GuestExit): void {
    this.#resolve(endOf(exit));
  }
  onLost(): void {
    this.#resolve({ kind: 'lost', message: 'the processes of its sandbox were killed' });
  }
}

export class QemuMachine implements RunningMachine {
  readonly ended: Promise<MachineEnd>;
  readonly #client: SupervisorClient;
  readonly #qmp: Qmp;

  private constructor(client: SupervisorClient, qmp: Qmp, ended: Promise<MachineEnd>) {
    this.#client = client;
    this.#qmp = qmp;
    this.ended = ended;
  }

  /**
   * Starts the plan in the sandbox's directory, or takes over the guest that runs there, and resolves when its processors
   * run, which they do not before `allowed` resolves. @throws MachineStartError when QEMU ends or stays silent instead,
   * and what `allowed` rejects with.
   */
  static async run(
    client: SupervisorClient,
    state: Pick<SupervisorState, 'state'>,
    directory: string,
    watch: EndWatch,
    events: MachineEvents = {},
    allowed: Promise<void> = Promise.resolve(),
  ): Promise<QemuMachine> {
    if (state.state !== 'running') await client.request({ do: 'start' });
    const patience = new AbortController();
    const early = watch.ended.then((end) => {
      patience.abort(new MachineStartError(end));
      return end;
    });
    try {
      const qmp = await Qmp.open(`${directory}/qmp`, {
        openMs: 30_000,
        signal: patience.signal,
        onEvent: (event) => events.onEvent?.(event),
      });
      const machine = new QemuMachine(client, qmp, watch.ended);
      await qmp.command('query-status', {}, 30_000);
      await allowed.catch((error: unknown) => {
        throw new NotAllowedError(error);
      });
      const { status } = await qmp.command<{ status: string }>('query-status', {}, 30_000);
      // A guest that was paused later, by somebody, stays as it is.
      if (status === 'prelaunch') await qmp.command('cont');
      return machine;
    } catch (error) {
      // When QEMU dies, its monitor closes a moment before the supervisor's report comes.
      const closed = error instanceof QmpError && error.errorClass === 'Closed';
      if (closed || patience.signal.aborted) throw new MachineStartError(await early);
      throw error;
    }
  }

  /** D2: the supervisor holds the deadline. */
  async stop(graceSeconds: number): Promise<void> {
    await this.#client.request({ do: 'stop', grace: Math.min(86_400, Math.max(0, Math.floor(graceSeconds))) });
  }

  async isRunning(): Promise<boolean> {
    const { running } = await this.#qmp.command<{ running: boolean }>('query-status');
    return running;
  }

  async setReady(ready: boolean): Promise<void> {
    await this.#client.request({ do: 'set', ready });
  }

  /** D3 */
  release(): void {
    this.#qmp.close();
    this.#client.close();
  }
}

/** What a guest waits for did not come: its processors never ran. */
export class NotAllowedError extends Error {
  override readonly name = 'NotAllowedError';
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** QEMU ended before its guest ran. */
export class MachineStartError extends Error {
  override readonly name = 'MachineStartError';
  readonly end: MachineEnd;
  constructor(end: MachineEnd) {
    super(`QEMU ended before its guest ran: ${'exit' in end ? end.exit.output.trim() : end.message}`);
    this.end = end;
  }
}
