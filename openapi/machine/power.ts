import type { VirtualMachine } from '../api.ts';
import { pendingRequests } from './requests.ts';

/**
 * Whether a machine is to run, from its object alone. The reconciler binds a machine that is to run and has no host; the
 * agent shuts down a machine that is to stop and is on its host. Both ask here, so they cannot disagree for long.
 *
 * P1  Deletion is stronger than everything.
 * P2  Halted is stronger than any request.
 * P3  A stop or restart of this boot ends it, whatever the strategy; a restart then starts it again, a stop does not.
 * P4  Always runs. RerunOnFailure runs until its guest powers off or it is stopped. Once runs one boot. Manual runs when
 *     asked. (KubeVirt's run strategies.)
 */
export interface Decision {
  readonly want: 'run' | 'stop';
  /** A clause for conditions and logs, for example `spec.runStrategy is Halted`. */
  readonly why: string;
}

const run = (why: string): Decision => ({ want: 'run', why });
const stop = (why: string): Decision => ({ want: 'stop', why });

export function desired(machine: VirtualMachine, now: Date = new Date()): 'run' | 'stop' {
  return decide(machine, now).want;
}

export function decide(machine: VirtualMachine, now: Date): Decision {
  const strategy = machine.spec.runStrategy ?? 'Always';
  if (machine.metadata.deletionTimestamp) return stop('it is being deleted');
  if (strategy === 'Halted') return stop('spec.runStrategy is Halted');

  const { nodeName, phase } = machine.status ?? {};
  const requests = pendingRequests(machine, now);
  const asked = (action: string) => requests.some((request) => request.action === action);
  if (nodeName) {
    if (asked('restart')) return stop('a restart was asked for');
    if (asked('stop') && strategy !== 'Always') return stop('a stop was asked for');
    return run('it has a host');
  }
  if (asked('restart')) return run('a restart was asked for');
  if (asked('start')) return run('a start was asked for');
  switch (strategy) {
    case 'Always':
      return run('spec.runStrategy is Always');
    case 'RerunOnFailure':
      if (phase === 'Succeeded') return stop('its guest powered off and spec.runStrategy is RerunOnFailure');
      if (phase === 'Stopped') return stop('it was stopped and spec.runStrategy is RerunOnFailure');
      return run('spec.runStrategy is RerunOnFailure');
    case 'Once':
      if (phase === 'Stopped' || phase === 'Succeeded' || phase === 'Failed') {
        return stop('it has run and spec.runStrategy is Once');
      }
      return run('spec.runStrategy is Once');
    case 'Manual':
      return stop('spec.runStrategy is Manual and nobody asked for a start');
    default:
      strategy satisfies never;
      return stop(`spec.runStrategy ${strategy} is unknown`);
  }
}

/** Seconds between the ACPI power button and pulling the plug for the stop that is due, by P3's request else the spec. */
export function gracePeriodSeconds(machine: VirtualMachine, now: Date = new Date()): number {
  const asked = pendingRequests(machine, now)
    .filter((request) => request.action !== 'start')
    .flatMap((request) => request.args?.gracePeriodSeconds ?? []);
  return asked.length > 0 ? Math.min(...asked) : (machine.spec.terminationGracePeriodSeconds ?? 30);
}

const LONGEST_DELAY = 300_000;

/**
 * Milliseconds before the next start after `failures` boots in a row that never ran for long: 10 s × n², half as much
 * again at random so that machines do not come back in step, 300 s at most (KubeVirt's figures). `random` is in [0, 1).
 */
export function startDelay(failures: number, random: number): number {
  if (failures <= 0) return 0;
  const base = Math.min(10_000 * failures * failures, LONGEST_DELAY);
  return Math.min(Math.round(base * (1 + random / 2)), LONGEST_DELAY);
}
