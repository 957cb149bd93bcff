import { Backoff } from '../../base/backoff.ts';
import type { VirtualMachine } from '../../openapi/api.ts';
import { EndWatch, MachineStartError, NotAllowedError, QemuMachine, type RunningMachine } from '../machine/driver.ts';
import { PlanError } from '../machine/plan/option.ts';
import type { MachineRecord, RecordedEnd } from '../sandbox/record.ts';
import type { DiskSource } from '../volumes/volume.ts';
import { Bell } from './bell.ts';
import { type BootPlace, placeOf, removeBoot } from './boot-place.ts';
import { describeEnd } from './ending.ts';
import { launchBoot, planBoot } from './launch.ts';
import type { Node } from './node.ts';
import { prepareBoot } from './prepare.ts';
import { endedStatus, preparingStatus, runningStatus, stoppingStatus, type Trouble } from './status.ts';
import { type Wish, wishOf } from './wish.ts';

/**
 * One boot of one machine on this node, from its first file to its last.
 *
 * A1  Nothing runs twice. There is one actor to a machine; a boot that has ended is never started again; whether a guest
 *     ever ran is asked of the sandbox, not remembered.
 * A2  The record is written before the step that it names (record.ts R1, R2), so an actor that is made from a record goes
 *     on where the last one was killed, at any line.
 * A3  The end of a guest is seen when the supervisor tells it; nothing is polled.
 * A4  A guest that is to stop gets its grace period and not more: the supervisor holds the deadline, and when it does not
 *     answer, the control group is killed.
 * A5  Everything of the boot is removed before the node lets go of the machine, in one status write; the record is the
 *     last thing to go.
 * A6  A boot that nobody waits for is ended only after the API server itself has said so.
 * A7  close() stops the actor where it is and leaves the guest running.
 */
export type ActorState =
  | { readonly kind: 'adopting' }
  | { readonly kind: 'preparing' }
  | {
      readonly kind: 'starting';
      readonly disks: ReadonlyMap<string, DiskSource>;
      readonly networkComplete: Promise<void>;
    }
  | { readonly kind: 'running'; readonly machine: RunningMachine }
  | { readonly kind: 'stopping'; readonly machine: RunningMachine; readonly why: string }
  /** `end` is undefined when nobody is to be told. */
  | { readonly kind: 'cleaning'; readonly end: RecordedEnd | undefined }
  | { readonly kind: 'handing-back'; readonly end: RecordedEnd }
  | { readonly kind: 'gone' };

export interface ActorOptions {
  readonly node: Node;
  readonly record: MachineRecord;
  /** The record was on disk: something may be there. */
  readonly adopted: boolean;
  /** The machine as the informer has it now. */
  readonly current: () => VirtualMachine | undefined;
}

const SLOW_MS = 2_000;
/** How often the progress of a slow preparation is written down. */
const PROGRESS_MS = 5_000;
const SUPERVISOR_LATE_MS = 15_000;

export class Actor {
  readonly bootID: string;
  readonly #node: Node;
  readonly #current: () => VirtualMachine | undefined;
  readonly #place: BootPlace;
  readonly #bell = new Bell();
  readonly #closing = new AbortController();
  readonly #log: Node['log'];
  #record: MachineRecord;
  #state: ActorState;
  #attempt: AbortController | undefined;
  #troubled = false;

  constructor({ node, record, adopted, current }: ActorOptions) {
    this.#node = node;
    this.#record = record;
    this.bootID = record.bootID;
    this.#current = current;
    this.#place = placeOf(node, record);
    this.#state = { kind: adopted ? 'adopting' : 'preparing' };
    this.#log = node.log.child({ machine: `${record.namespace}/${record.name}`, boot: record.bootID });
  }

  get state(): ActorState['kind'] {
    return this.#state.kind;
  }

  get record(): MachineRecord {
    return this.#record;
  }

  /** The machine may have changed. */
  notify(): void {
    if (this.#state.kind === 'preparing' && this.#wish().want !== 'run')
      this.#attempt?.abort(new Error('the machine is not to run'));
    this.#bell.ring();
  }

  close(): void {
    this.#closing.abort(new Error('the launcher is stopping'));
    this.#attempt?.abort(this.#closing.signal.reason);
    this.#bell.ring();
  }

  /** Resolves when the boot is gone, or after close(). Errors that nobody foresaw are logged and the step is tried again. */
  async run(): Promise<void> {
    const backoff = new Backoff({ initialMs: 500, maxMs: 30_000 });
    while (this.#state.kind !== 'gone' && !this.#closing.signal.aborted) {
      const { kind } = this.#state;
      try {
        this.#state = await this.#step(this.#state);
        if (this.#state.kind !== kind) backoff.reset();
      } catch (error) {
        if (this.#closing.signal.aborted) break;
        this.#log.error({ err: error, state: kind }, 'a step failed and is tried again');
        await Promise.race([backoff.wait(this.#closing.signal).catch(() => undefined), this.#bell.wait()]);
      }
    }
    if (this.#state.kind === 'running' || this.#state.kind === 'stopping') this.#state.machine.release();
    await this.#node.consoles.close(this.#record.uid);
  }

  #step(state: Exclude<ActorState, { kind: 'gone' }>): Promise<ActorState> {
    switch (state.kind) {
      case 'adopting':
        return this.#adopt();
      case 'preparing':
        return this.#prepare();
      case 'starting':
        return this.#start(state.disks, state.networkComplete);
      case 'running':
        return this.#run(state.machine);
      case 'stopping':
        return this.#stop(state.machine, state.why);
      case 'cleaning':
        return this.#clean(state.end);
      case 'handing-back':
        return this.#handBack(state.end);
    }
  }

  #wish(): Wish {
    return wishOf(
      this.#current(),
      { uid: this.#record.uid, bootID: this.bootID, nodeName: this.#node.name },
      this.#node.now(),
    );
  }

  /** A6: the informer may lag behind or have lost its memory; the server decides. */
  async #confirmedWish(): Promise<Wish> {
    const wish = this.#wish();
    if (wish.want !== 'abandon') return wish;
    const machine = await this.#node.statuses.read(this.#record, this.#closing.signal);
    return wishOf(machine, { uid: this.#record.uid, bootID: this.bootID, nodeName: this.#node.name }, this.#node.now());
  }

  async #save(change: Partial<MachineRecord>): Promise<void> {
    const next = { ...this.#record, ...change };
    await this.#node.records.write(next);
    this.#record = next;
  }

  /** A2: an earlier agent left this record. */
  async #adopt(): Promise<ActorState> {
    if (this.#record.stage === 'ended') return { kind: 'cleaning', end: this.#record.end };
    const watch = new EndWatch();
    const found = await this.#node.sandboxes.find(this.#place.sandbox, watch);
    switch (found.kind) {
      case 'fresh':
        return { kind: 'preparing' };
      case 'lost':
        return this.#ended({ kind: 'lost', message: found.message }, undefined);
      case 'attached': {
        const requested = found.state.stopping ? 'it was asked to stop' : undefined;
        if (found.state.state === 'exited') return this.#ended(await watch.ended, requested);
        if (!(await this.#node.network.isComplete(this.#record.machine, this.#place.network))) {
          // The launcher died before it let the processors go: nothing ran (A1), and all is made anew.
          found.client.close();
          await this.#node.sandboxes.destroy(this.#place.sandbox);
          return { kind: 'preparing' };
        }
        // What stands is left alone; its DHCP server is watched over again.
        await this.#node.network.prepare(this.#record.machine, this.#place.network, this.#closing.signal);
        try {
          await this.#openConsole();
          const machine = await QemuMachine.run(found.client, found.state, this.#place.sandbox.directory, watch);
          this.#log.info({ supervisor: found.state.state }, 'adopted a running machine');
          await this.#begun();
          return found.state.stopping
            ? { kind: 'stopping', machine, why: 'it was asked to stop' }
            : { kind: 'running', machine };
        } catch (error) {
          if (error instanceof MachineStartError) return this.#ended(error.end, requested);
          found.client.close();
          throw error;
        }
      }
    }
  }

  async #prepare(): Promise<ActorState> {
    await this.#save({ stage: 'preparing' });
    const began = performance.now();
    const backoff = new Backoff({ initialMs: 1_000, maxMs: 30_000 });
    let lastTrouble: string | undefined;
    for (;;) {
      const wish = await this.#confirmedWish();
      if (wish.want === 'abandon') return { kind: 'cleaning', end: undefined };
      if (wish.want === 'stop') return { kind: 'cleaning', end: this.#never(wish.why) };
      this.#node.stages.set(this.#record.uid, 'Preparing');
      this.#attempt = new AbortController();
      const { signal } = this.#attempt;
      let progress = 'volumes and network are being prepared';
      let told = '';
      const tellSlow = () => {
        if (progress === told) return;
        told = progress;
        // What was wrong at the last attempt is still what a person may have to act on.
        const message = lastTrouble === undefined ? progress : `${progress} (the attempt before: ${lastTrouble})`;
        void this.#tell([{ type: 'VolumesReady', reason: 'Preparing', message }], [], signal).catch(() => {});
      };
      let slow = setTimeout(function again() {
        tellSlow();
        slow = setTimeout(again, PROGRESS_MS);
      }, SLOW_MS);
      try {
        const outcome = await prepareBoot(this.#node, this.#record, this.#place, signal, (message) => {
          progress = message;
          this.#node.stages.set(this.#record.uid, 'PreparingVolumes', message);
        });
        if (outcome.kind === 'ready') {
          const preparing = Math.round(performance.now() - began);
          await this.#save({
            interfaces: outcome.interfaces,
            timings: { ...this.#record.timings, ...outcome.timings, preparing },
          });
          return { kind: 'starting', disks: outcome.disks, networkComplete: outcome.networkComplete };
        }
        lastTrouble = outcome.troubles.map(({ message }) => message).join('; ');
        await this.#tell(outcome.troubles, outcome.ready, signal);
        if (outcome.failed) for (const { reason, message } of outcome.troubles) this.#event('Warning', reason, message);
        await this.#pause(outcome.failed ? backoff.next() : Math.min(5_000, backoff.next()));
      } catch (error) {
        // Only a change of mind aborts the attempt; the wish at the top of the loop says which.
        if (!signal.aborted) throw error;
        this.#closing.signal.throwIfAborted();
      } finally {
        clearTimeout(slow);
        // A report of this attempt that is still on its way must not come after the next step's.
        this.#attempt.abort(new Error('the attempt is over'));
        this.#attempt = undefined;
      }
    }
  }

  /** Between two attempts. Only a change of mind cuts it short: what we wrote about the last attempt rings the bell too. */
  async #pause(ms: number): Promise<void> {
    const end = performance.now() + ms;
    for (let left = ms; left > 0; left = end - performance.now()) {
      await this.#bell.wait(left);
      if (this.#closing.signal.aborted || this.#wish().want !== 'run') return;
    }
  }

  async #tell(troubles: readonly Trouble[], ready: readonly Trouble['type'][], signal: AbortSignal): Promise<void> {
    this.#troubled = true;
    const at = { ...this.#record, nodeName: this.#node.name };
    await this.#node.statuses.write(
      at,
      (machine) =>
        machine.status?.phase === 'Preparing' ? preparingStatus(machine, troubles, ready, this.#node.now()) : undefined,
      signal,
      this.#current(),
    );
  }

  async #start(disks: ReadonlyMap<string, DiskSource>, networkComplete: Promise<void>): Promise<ActorState> {
    const began = performance.now();
    this.#node.stages.set(this.#record.uid, 'Starting');
    try {
      const plan = await planBoot(this.#node, this.#record, this.#place, disks, this.#record.interfaces);
      const { machineType: type, accelerator, qemuVersion, targets } = plan;
      await this.#save({ stage: 'launched', board: { type, accelerator, qemuVersion }, targets });
      const machine = await launchBoot(this.#node, this.#record, this.#place, plan, networkComplete, () =>
        this.#openConsole(),
      );
      await this.#begun({ ...this.#record.timings, starting: Math.round(performance.now() - began) });
      return { kind: 'running', machine };
    } catch (error) {
      if (error instanceof MachineStartError) return this.#ended(error.end, undefined);
      if (error instanceof PlanError)
        return {
          kind: 'cleaning',
          end: {
            phase: 'Failed',
            reason: error.reason,
            message: error.message,
            finishedAt: this.#node.now().toISOString(),
          },
        };
      const message = error instanceof Error ? error.message : String(error);
      const ran = await this.#node.sandboxes.hasRun(this.#place.sandbox);
      if (ran && !(error instanceof NotAllowedError))
        return this.#ended({ kind: 'lost', message: `QEMU was started and cannot be reached: ${message}` }, undefined);
      // Nothing ran (A1): made anew after a pause.
      await this.#node.sandboxes.destroy(this.#place.sandbox);
      await this.#tell([{ type: 'Running', reason: 'SandboxFailed', message }], [], this.#closing.signal);
      this.#event('Warning', 'SandboxFailed', message);
      await this.#pause(5_000);
      return { kind: 'preparing' };
    }
  }

  /** The guest runs: from here on it may have written to its disks. */
  async #begun(timings = this.#record.timings): Promise<void> {
    if (this.#record.startedAt === undefined) await this.#save({ startedAt: this.#node.now().toISOString(), timings });
  }

  async #openConsole(): Promise<void> {
    if ((this.#record.machine.spec.domain.devices?.autoattachSerialConsole ?? true) === false) return;
    await this.#node.consoles.open(this.#record.uid, `${this.#place.sandbox.directory}/serial`, this.#place.serialLog);
  }

  async #run(machine: RunningMachine): Promise<ActorState> {
    const reporting = new AbortController();
    const end = machine.ended.then((ended) => ({ kind: 'ended', ended }) as const);
    const stopReporting = () => reporting.abort(new Error('it is not running any more'));
    this.#closing.signal.addEventListener('abort', stopReporting, { once: true });
    const reported = this.#reportRunning(reporting.signal).catch(() => undefined);
    try {
      for (;;) {
        const wish = await this.#confirmedWish();
        if (this.#closing.signal.aborted) return { kind: 'running', machine };
        if (wish.want !== 'run') return { kind: 'stopping', machine, why: wish.why };
        const first = await Promise.race([end, this.#bell.wait().then(() => ({ kind: 'rung' }) as const)]);
        if (first.kind === 'ended') return await this.#ended(first.ended, undefined);
      }
    } finally {
      this.#closing.signal.removeEventListener('abort', stopReporting);
      stopReporting();
      await reported;
    }
  }

  async #reportRunning(signal: AbortSignal): Promise<void> {
    const at = { ...this.#record, nodeName: this.#node.name };
    const known = this.#troubled ? undefined : this.#current();
    const outcome = await this.#node.statuses.write(
      at,
      (machine) =>
        machine.status?.phase === 'Running' && machine.status.addresses
          ? undefined
          : runningStatus(machine, this.#record, this.#node.now()),
      signal,
      known,
    );
    this.#node.stages.clear(this.#record.uid);
    if (outcome.kind === 'written') this.#log.info({ timings: this.#record.timings }, 'the guest runs');
  }

  async #stop(machine: RunningMachine, why: string): Promise<ActorState> {
    this.#node.stages.set(this.#record.uid, 'Stopping', why);
    this.#log.info({ why }, 'stopping the guest');
    const end = machine.ended.then((ended) => ({ kind: 'ended', ended }) as const);
    let asked: number | undefined;
    let told = false;
    for (;;) {
      const wish = await this.#confirmedWish();
      // Once asked to stop, a guest stops: a change of mind starts it again as another boot.
      const grace = wish.want === 'stop' ? wish.grace : wish.want === 'abandon' ? 0 : (asked ?? 0);
      if (asked === undefined || grace < asked) {
        asked = grace;
        await machine
          .stop(grace)
          .catch((error: unknown) => this.#log.warn({ err: error }, 'the sandbox cannot be asked to stop'));
      }
      const patience = told ? asked * 1000 + SUPERVISOR_LATE_MS : SLOW_MS;
      const late = new Promise<{ kind: 'late' }>((resolve) =>
        setTimeout(() => resolve({ kind: 'late' }), patience).unref(),
      );
      const first = await Promise.race([end, late, this.#bell.wait().then(() => ({ kind: 'rung' }) as const)]);
      if (this.#closing.signal.aborted) return { kind: 'stopping', machine, why };
      switch (first.kind) {
        case 'ended':
          return this.#ended(first.ended, why);
        case 'rung':
          break;
        case 'late':
          if (told) {
            this.#log.error('the supervisor did not end the guest in time, killing its sandbox');
            await this.#node.cgroups.destroy(this.#place.identity.name);
          } else {
            told = true;
            const at = { ...this.#record, nodeName: this.#node.name };
            void this.#node.statuses
              .write(
                at,
                (object) =>
                  object.status?.phase === 'Stopping' ? undefined : stoppingStatus(object, why, this.#node.now()),
                this.#closing.signal,
              )
              .catch(() => undefined);
          }
      }
    }
  }

  async #ended(end: Parameters<typeof describeEnd>[0], requested: string | undefined): Promise<ActorState> {
    const described = describeEnd(end, requested, this.#node.now());
    this.#log.info(
      { reason: described.reason, message: described.message, output: described.lastOutput },
      'the guest ended',
    );
    return { kind: 'cleaning', end: described };
  }

  #never(why: string): RecordedEnd {
    return {
      phase: 'Stopped',
      reason: 'Requested',
      message: `It was stopped before its guest ran: ${why}`,
      finishedAt: this.#node.now().toISOString(),
    };
  }

  async #clean(end: RecordedEnd | undefined): Promise<ActorState> {
    await this.#save({ stage: 'ended', ...(end === undefined ? {} : { end }) });
    await this.#node.consoles.close(this.#record.uid);
    this.#node.stages.set(this.#record.uid, 'CleaningUp');
    await removeBoot(this.#node, this.#record, this.#place, this.#closing.signal);
    if (end !== undefined) return { kind: 'handing-back', end };
    return this.#forget();
  }

  async #handBack(end: RecordedEnd): Promise<ActorState> {
    const at = { ...this.#record, nodeName: this.#node.name };
    await this.#node.statuses.write(
      at,
      (machine) => endedStatus(machine, this.#record, end, this.#node.now()),
      this.#closing.signal,
      this.#current(),
    );
    return this.#forget();
  }

  async #forget(): Promise<ActorState> {
    await this.#node.records.remove(this.#record.uid);
    this.#node.stages.clear(this.#record.uid);
    return { kind: 'gone' };
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#node.event(this.#current() ?? this.#record.machine, type, reason, message);
  }
}
