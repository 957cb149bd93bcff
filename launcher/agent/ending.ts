import { constants } from 'node:os';
import type { MachineEnd } from '../machine/driver.ts';
import type { RecordedEnd } from '../sandbox/record.ts';
import type { GuestExit } from '../sandbox/supervisor-client.ts';

/**
 * How a boot ended, in the words of the API. `requested`: why we had asked the guest to stop, undefined when nobody had.
 * Pure but for `now`.
 */
export function describeEnd(end: MachineEnd, requested: string | undefined, now: Date): RecordedEnd {
  const finishedAt = now.toISOString();
  switch (end.kind) {
    case 'powered-off':
      if (requested !== undefined) {
        return {
          phase: 'Stopped',
          reason: 'Requested',
          message: `The guest was shut down: ${requested}`,
          ...facts(end.exit),
          finishedAt,
        };
      }
      if (end.byGuest)
        return {
          phase: 'Succeeded',
          reason: 'GuestPowerOff',
          message: 'The guest powered off',
          ...facts(end.exit),
          finishedAt,
        };
      return {
        phase: 'Failed',
        reason: 'HypervisorDied',
        message: `QEMU was made to quit by something other than the launcher (${end.exit.reason || 'it did not say why'})`,
        ...facts(end.exit),
        finishedAt,
      };
    case 'killed':
      return {
        phase: 'Stopped',
        reason: 'Killed',
        message: `The guest did not shut down within its grace period and was ended: ${requested ?? 'the sandbox was told to stop'}`,
        ...facts(end.exit),
        finishedAt,
      };
    case 'died': {
      const { code, signal, output } = end.exit;
      const how = signal >= 0 ? `was ended by ${signalName(signal)}` : `ended with status ${code}`;
      const hint =
        signal === constants.signals.SIGKILL
          ? ' (the kernel does that when the machine needs more memory than its limit)'
          : '';
      const last = lastLine(output);
      return {
        phase: requested === undefined ? 'Failed' : 'Stopped',
        reason: 'HypervisorDied',
        message: `QEMU ${how}${hint}${last ? `; it said: ${last}` : ''}`,
        ...facts(end.exit),
        finishedAt,
      };
    }
    case 'lost':
      return {
        phase: requested === undefined ? 'Failed' : 'Stopped',
        reason: 'SandboxLost',
        message: `The machine is gone: ${end.message}`,
        finishedAt,
      };
  }
}

function facts({ code, signal, output }: GuestExit): { exitCode?: number; signal?: string; lastOutput?: string } {
  return {
    ...(code >= 0 ? { exitCode: code } : {}),
    ...(signal >= 0 ? { signal: signalName(signal) } : {}),
    ...(output === '' ? {} : { lastOutput: output.slice(-4096) }),
  };
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

function lastLine(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? '';
  return line
    .replace(/^qemu-system-x86_64: /, '')
    .replace(/\.$/, '')
    .slice(0, 400);
}
