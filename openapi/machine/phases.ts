import type { MachinePhase, VirtualMachineStatus } from '../api.ts';

/**
 * The life of a machine: which phase may follow which, and what makes it so. Everything that writes status.phase is
 * judged by this one table. Stored writes may skip phases that are only live values (Scheduling, Starting, …), so the
 * table allows the step over them too.
 */
const transitions = {
  Pending: {
    Scheduling: 'it is to run and no host has been found yet',
    Preparing: 'it was bound to a host',
    Stopped: 'it was halted before it ran',
    Failed: 'it can never run as it is described',
  },
  Scheduling: {
    Pending: 'it waits for something outside',
    Preparing: 'it was bound to a host',
    Stopped: 'it was halted before it ran',
    Failed: 'it can never run as it is described',
  },
  Preparing: {
    Starting: 'its volumes and network are ready',
    Running: 'its guest runs',
    Stopping: 'it is to stop',
    Stopped: 'it was stopped before its guest ran',
    Failed: 'its host gave up on it',
  },
  Starting: {
    Running: 'its guest runs',
    Stopping: 'it is to stop',
    Stopped: 'it was stopped before its guest ran',
    Succeeded: 'its guest powered off',
    Failed: 'QEMU ended',
  },
  Running: {
    Paused: 'its processors were paused',
    Suspending: 'it is put to sleep',
    Suspended: 'it was put to sleep',
    Stopping: 'it is to stop',
    Stopped: 'it was stopped',
    Succeeded: 'its guest powered off',
    Failed: 'QEMU ended',
  },
  Paused: {
    Running: 'its processors go on',
    Suspending: 'it is put to sleep',
    Suspended: 'it was put to sleep',
    Stopping: 'it is to stop',
    Stopped: 'it was stopped',
    Failed: 'QEMU ended',
  },
  Suspending: {
    Suspended: 'its state is kept and QEMU is gone',
    Running: 'it was woken before it slept',
    Stopping: 'it is to stop',
    Stopped: 'it was stopped',
    Failed: 'QEMU ended before its state was kept',
  },
  Suspended: {
    Waking: 'somebody needs it',
    Running: 'it was woken',
    Stopping: 'it is to stop',
    Stopped: 'it was stopped and its state dropped',
    Failed: 'its state is damaged or gone',
  },
  Waking: {
    Running: 'its guest goes on',
    Suspended: 'it could not be woken now and its state is intact',
    Stopping: 'it is to stop',
    Stopped: 'it was stopped',
    Failed: 'its state is damaged or gone',
  },
  Stopping: {
    Stopped: 'its guest is down and its host has forgotten it',
    Succeeded: 'its guest had powered off by itself',
    Failed: 'QEMU ended',
  },
  Stopped: {
    Pending: 'it is to run again',
    Scheduling: 'it is to run again and no host has been found yet',
    Preparing: 'it was bound to a host again',
  },
  Succeeded: {
    Pending: 'it is to run again',
    Scheduling: 'it is to run again and no host has been found yet',
    Preparing: 'it was bound to a host again',
    Stopped: 'it was halted',
  },
  Failed: {
    Pending: 'it is to run again',
    Scheduling: 'it is to run again and no host has been found yet',
    Preparing: 'it was bound to a host again',
    Stopped: 'it was halted',
  },
} as const satisfies Readonly<Record<MachinePhase, Readonly<Partial<Record<MachinePhase, string>>>>>;

export const allPhases = Object.keys(transitions) as readonly MachinePhase[];

/** The phases that may follow, each with what makes it so. */
export function followers(from: MachinePhase): Readonly<Partial<Record<MachinePhase, string>>> {
  return transitions[from];
}

/** Staying in a phase is always legal; a machine without a phase starts as Pending or Stopped. */
export function isLegalTransition(from: MachinePhase | undefined, to: MachinePhase): boolean {
  if (from === undefined) return to === 'Pending' || to === 'Stopped';
  return from === to || followers(from)[to] !== undefined;
}

/** A sentence for the 409 or 422 that refuses a step; undefined when the step is legal. */
export function transitionError(from: MachinePhase | undefined, to: MachinePhase): string | undefined {
  if (isLegalTransition(from, to)) return undefined;
  if (from === undefined) return `a new machine is Pending or Stopped, not ${to}`;
  const possible = Object.entries(followers(from)).map(([phase, why]) => `${phase} (${why})`);
  return `a machine that is ${from} cannot become ${to}; it can become ${possible.join(', ')}`;
}

/** In these phases no host holds anything for the machine. */
export function isAtRest(phase: MachinePhase | undefined): boolean {
  switch (phase) {
    case undefined:
    case 'Pending':
    case 'Scheduling':
    case 'Stopped':
    case 'Succeeded':
    case 'Failed':
      return true;
    case 'Preparing':
    case 'Starting':
    case 'Running':
    case 'Paused':
    case 'Suspending':
    case 'Suspended':
    case 'Waking':
    case 'Stopping':
      return false;
    default:
      phase satisfies never;
      return true;
  }
}

export interface PhaseDetail {
  /** One CamelCase word. */
  readonly reason?: string;
  readonly message?: string;
}

/**
 * The status in another phase, with the moment noted. Entering the phase that it is in only changes reason and message.
 * Legality is the caller's question (transitionError).
 */
export function enterPhase(
  status: VirtualMachineStatus,
  phase: MachinePhase,
  now: Date,
  detail: PhaseDetail = {},
): VirtualMachineStatus {
  const { reason: _reason, message: _message, ...rest } = status;
  const next: VirtualMachineStatus = { ...rest, phase, ...detail };
  if (status.phase === phase) return next;
  const others = (status.phaseTransitionTimestamps ?? []).filter((one) => one.phase !== phase);
  const moment = { phase, phaseTransitionTimestamp: now.toISOString().replace(/\.\d+Z$/, 'Z') };
  return { ...next, phaseTransitionTimestamps: [...others, moment] };
}
