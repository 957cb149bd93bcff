import type { VirtualMachine, VirtualMachineStatus } from '../../openapi/api.ts';
import { removeCondition } from '../../openapi/machine/conditions.ts';
import { enterPhase } from '../../openapi/machine/phases.ts';
import { decide, startDelay } from '../../openapi/machine/power.ts';
import { pendingRequests, withoutSettledRequests } from '../../openapi/machine/requests.ts';

/**
 * What the reconciler does next for a machine, from the object alone: a pure function.
 *
 * N1  While status.nodeName is set the machine is its agent's; nothing is done but to wait.
 * N2  Nothing is bound before status.nextStartTime, unless somebody asked for a start or changed the spec since.
 * N3  A boot counts as failed when it ended by itself within a minute of its guest's first instruction. Each one in a
 *     row makes the pause longer (openapi/machine/power startDelay); a longer run starts the count over. A boot is
 *     counted once, in the same write that leaves its phase.
 * N4  The way from create to running costs no write of the reconciler's own but the binding.
 */
export type Step =
  | { readonly kind: 'nothing' }
  /** Look again at this time, in milliseconds since the epoch. */
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'place' }
  /** Nothing holds the deleted machine any more: the finalizer goes. */
  | { readonly kind: 'release' }
  | {
      readonly kind: 'write';
      readonly status: VirtualMachineStatus;
      /** For the log and, with `warning`, for an event. */
      readonly why: string;
      readonly warning?: boolean;
    };

export const FINALIZER = 'torpor.dev/machine';

const LONG_RUN_MS = 60_000;

/** `random` is in [0, 1). */
export function nextStep(machine: VirtualMachine, now: Date, random: number): Step {
  const { metadata, status = {} } = machine;
  if (status.nodeName) return { kind: 'nothing' };
  if (metadata.deletionTimestamp) {
    return metadata.finalizers?.includes(FINALIZER) ? { kind: 'release' } : { kind: 'nothing' };
  }
  const decision = decide(machine, now);
  if (decision.want === 'stop') return halted(status, decision.why, now);
  return start(machine, status, now, random);
}

/** A machine that is not to run is not left waiting for a host. */
function halted(status: VirtualMachineStatus, why: string, now: Date): Step {
  switch (status.phase) {
    case undefined:
    case 'Pending':
    case 'Scheduling': {
      const entered = enterPhase(withoutBackoff(status), 'Stopped', now, { reason: 'Halted', message: why });
      const conditions = [...removeCondition(entered.conditions, 'Scheduled')];
      return { kind: 'write', status: withoutSettledRequests({ ...entered, conditions }, now), why };
    }
    default:
      return { kind: 'nothing' };
  }
}

function start(machine: VirtualMachine, status: VirtualMachineStatus, now: Date, random: number): Step {
  const asked = pendingRequests(machine, now).some(({ action }) => action !== 'stop');
  const waits = status.nextStartTime !== undefined && Date.parse(status.nextStartTime) > now.getTime();
  const ended = status.phase === 'Failed' || status.phase === 'Succeeded';
  if (ended && !asked) {
    if (!ranLong(status)) return backOff(machine, status, now, random);
    if (status.startFailureCount) {
      const next = enterPhase(withoutBackoff(status), 'Pending', now);
      return { kind: 'write', status: next, why: 'it ran for long, earlier failures count no more' };
    }
  }
  if (!waits) return { kind: 'place' };
  if (asked || isChanged(machine, status)) {
    return { kind: 'write', status: withoutBackoff(status), why: asked ? 'a start was asked for' : 'its spec changed' };
  }
  return { kind: 'wait', until: Date.parse(status.nextStartTime ?? '') };
}

function backOff(machine: VirtualMachine, status: VirtualMachineStatus, now: Date, random: number): Step {
  const failures = (status.startFailureCount ?? 0) + 1;
  const pause = startDelay(failures, random);
  const nextStartTime = new Date(now.getTime() + pause).toISOString().replace(/\.\d+Z$/, 'Z');
  const end =
    status.phase === 'Succeeded' ? 'its guest powered off' : (status.exit?.message ?? status.message ?? 'it failed');
  const often = failures === 1 ? 'soon after its start' : `soon after its start, ${failures} times in a row`;
  const message = `${end} ${often}; it is started again at ${nextStartTime}`;
  const next = enterPhase(status, 'Pending', now, { reason: 'BackOff', message });
  return {
    kind: 'write',
    status: {
      ...next,
      startFailureCount: failures,
      nextStartTime,
      ...(machine.metadata.generation === undefined ? {} : { observedGeneration: machine.metadata.generation }),
    },
    why: message,
    warning: true,
  };
}

function withoutBackoff(status: VirtualMachineStatus): VirtualMachineStatus {
  const { startFailureCount: _count, nextStartTime: _time, ...rest } = status;
  return rest;
}

function isChanged({ metadata }: VirtualMachine, { observedGeneration }: VirtualMachineStatus): boolean {
  return observedGeneration !== undefined && (metadata.generation ?? 0) > observedGeneration;
}

/** How long the guest of the last boot ran, by its own report, else by the moments of its phases. */
function ranLong({ exit, phase, phaseTransitionTimestamps = [] }: VirtualMachineStatus): boolean {
  const entered = (name: string | undefined) =>
    Date.parse(phaseTransitionTimestamps.find((one) => one.phase === name)?.phaseTransitionTimestamp ?? '');
  const began = exit?.startedAt ? Date.parse(exit.startedAt) : entered('Running');
  const finished = exit?.finishedAt ? Date.parse(exit.finishedAt) : entered(phase);
  // A Running that is older than the last preparation belongs to an earlier boot.
  if (!exit?.startedAt && entered('Preparing') > began) return false;
  return finished - began >= LONG_RUN_MS;
}

/** For a machine whose Host was deleted: nothing will ever report its end, so this does. */
export function abandoned(machine: VirtualMachine, now: Date): VirtualMachineStatus {
  const { nodeName, bootID, ...status } = machine.status ?? {};
  const message = `host ${nodeName} was deleted while the machine was on it`;
  const finishedAt = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    ...enterPhase(status, 'Failed', now, { reason: 'HostGone', message }),
    ...(nodeName ? { lastNodeName: nodeName } : {}),
    exit: { reason: 'HostGone', message, finishedAt, ...(bootID ? { bootID } : {}) },
  };
}
