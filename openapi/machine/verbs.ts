import type { MachineRequest, RunStrategy, VirtualMachine, VirtualMachineStatus } from '../api.ts';
import { enterPhase, isAtRest } from './phases.ts';
import { decide } from './power.ts';
import { currentBoot, MAXIMUM_REQUESTS, pendingRequests, withoutSettledRequests } from './requests.ts';

/**
 * What start, stop and restart write: KubeVirt's table of verbs and run strategies, as one change of one object.
 *
 * V1  Always and Once keep no start or stop of their own: stop makes them Halted, start makes Halted into Always.
 * V2  Manual and RerunOnFailure keep their strategy and get a request.
 * V3  A verb whose effect is there already, or on its way, changes nothing and is no error; a verb that can have no
 *     effect is refused with a sentence for the 409.
 */
export type VerbOutcome =
  | { readonly kind: 'changed'; readonly machine: VirtualMachine }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly message: string };

export interface VerbContext {
  readonly now: Date;
  /** Identity for a new request (UUID). */
  readonly id: string;
  readonly idempotencyKey?: string | undefined;
}

/** How long a request may wait for its effect. */
const REQUEST_LIFETIME = 15 * 60_000;

const refused = (message: string): VerbOutcome => ({ kind: 'refused', message });
const unchanged: VerbOutcome = { kind: 'unchanged' };
const strategyOf = (machine: VirtualMachine): RunStrategy => machine.spec.runStrategy ?? 'Always';

export function start(machine: VirtualMachine, context: VerbContext): VerbOutcome {
  if (machine.metadata.deletionTimestamp) return refused('the machine is being deleted');
  const strategy = strategyOf(machine);
  const { nodeName, phase } = machine.status ?? {};
  switch (strategy) {
    case 'Halted':
      return { kind: 'changed', machine: withStrategy(machine, 'Always', context.now) };
    case 'Always':
    case 'Once':
      return refused(`${strategy} does not support manual start requests`);
    case 'Manual':
    case 'RerunOnFailure': {
      const stopping = decide(machine, context.now).want === 'stop';
      if (nodeName && !stopping) return refused('the machine is already running');
      if (strategy === 'RerunOnFailure' && phase === 'Failed') {
        return refused('RerunOnFailure does not support starting a machine from its Failed state; it starts by itself');
      }
      if (!stopping || isAsked(machine, 'start', context)) return unchanged;
      return withRequest(machine, 'start', {}, context);
    }
    default:
      strategy satisfies never;
      return refused(`spec.runStrategy ${strategy} is unknown`);
  }
}

export function stop(
  machine: VirtualMachine,
  context: VerbContext,
  gracePeriodSeconds?: number | undefined,
): VerbOutcome {
  const strategy = strategyOf(machine);
  const onHost = Boolean(machine.status?.nodeName);
  const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  switch (strategy) {
    case 'Always':
    case 'Once': {
      const halted = withStrategy(machine, 'Halted', context.now);
      return onHost && gracePeriodSeconds !== undefined
        ? withRequest(halted, 'stop', grace, context)
        : { kind: 'changed', machine: halted };
    }
    case 'Halted':
      if (!onHost) return refused('the machine is not running');
      return gracePeriodSeconds === undefined ? unchanged : withRequest(machine, 'stop', grace, context);
    case 'Manual':
    case 'RerunOnFailure': {
      const idle = withoutStarts(machine, context.now);
      if (onHost) {
        const more = gracePeriodSeconds !== undefined || !isAsked(machine, 'stop', context);
        return more ? withRequest(idle, 'stop', grace, context) : unchanged;
      }
      if (decide(machine, context.now).want === 'stop') return refused('the machine is not running');
      const status = enterPhase(idle.status ?? {}, 'Stopped', context.now, { reason: 'StopRequested' });
      return { kind: 'changed', machine: { ...idle, status } };
    }
    default:
      strategy satisfies never;
      return refused(`spec.runStrategy ${strategy} is unknown`);
  }
}

export function restart(
  machine: VirtualMachine,
  context: VerbContext,
  gracePeriodSeconds?: number | undefined,
): VerbOutcome {
  if (machine.metadata.deletionTimestamp) return refused('the machine is being deleted');
  const strategy = strategyOf(machine);
  if (strategy === 'Halted' || strategy === 'Once') {
    return refused(`${strategy} does not support manual restart requests`);
  }
  if (!machine.status?.nodeName) return refused('the machine is not running');
  if (isAsked(machine, 'restart', context) && gracePeriodSeconds === undefined) return unchanged;
  const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  return withRequest(machine, 'restart', grace, context);
}

/**
 * The status that goes with a change of spec.runStrategy while no host holds the machine: Halted is Stopped at once
 * and waits for no start, and leaving Halted or Manual is a new life, so that Once and RerunOnFailure run again. Also for plain updates of the object.
 */
export function statusAfterStrategyChange(
  status: VirtualMachineStatus,
  from: RunStrategy,
  to: RunStrategy,
  now: Date,
): VirtualMachineStatus {
  if (from === to || status.nodeName || !isAtRest(status.phase)) return status;
  const { startFailureCount: _count, nextStartTime: _next, ...fresh } = status;
  if (to === 'Halted')
    return status.phase === 'Stopped' ? fresh : enterPhase(fresh, 'Stopped', now, { reason: 'Halted' });
  const wasIdle = from === 'Halted' || from === 'Manual';
  return wasIdle && to !== 'Manual' ? enterPhase(fresh, 'Pending', now) : status;
}

/** The first status of a machine. */
export function initialStatus(machine: VirtualMachine, now: Date): VirtualMachineStatus {
  const atRest = strategyOf(machine) === 'Halted' || strategyOf(machine) === 'Manual';
  return atRest ? enterPhase({}, 'Stopped', now, { reason: strategyOf(machine) }) : enterPhase({}, 'Pending', now);
}

function withStrategy(machine: VirtualMachine, to: RunStrategy, now: Date): VirtualMachine {
  const status = statusAfterStrategyChange(machine.status ?? {}, strategyOf(machine), to, now);
  return { ...machine, spec: { ...machine.spec, runStrategy: to }, status: withoutSettledRequests(status, now) };
}

function withoutStarts(machine: VirtualMachine, now: Date): VirtualMachine {
  const status = withoutSettledRequests(machine.status ?? {}, now);
  const { requests, ...rest } = status;
  const left = requests?.filter((request) => request.action === 'stop') ?? [];
  return { ...machine, status: left.length > 0 ? { ...rest, requests: left } : rest };
}

function isAsked(machine: VirtualMachine, action: MachineRequest['action'], context: VerbContext): boolean {
  return pendingRequests(machine, context.now).some((request) => request.action === action);
}

function withRequest(
  machine: VirtualMachine,
  action: MachineRequest['action'],
  args: { gracePeriodSeconds?: number },
  { now, id, idempotencyKey }: VerbContext,
): VerbOutcome {
  const status = withoutSettledRequests(machine.status ?? {}, now);
  const requests = status.requests ?? [];
  if (idempotencyKey !== undefined && requests.some((request) => request.idempotencyKey === idempotencyKey)) {
    return unchanged;
  }
  if (requests.length >= MAXIMUM_REQUESTS) {
    return refused(`${MAXIMUM_REQUESTS} requests are waiting already; try again when one of them is done`);
  }
  const request: MachineRequest = {
    id,
    action,
    args: { bootID: currentBoot(status), ...args },
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    expires: new Date(now.getTime() + REQUEST_LIFETIME).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  return { kind: 'changed', machine: { ...machine, status: { ...status, requests: [...requests, request] } } };
}
