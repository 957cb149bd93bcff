import type { MachineRequest, VirtualMachine, VirtualMachineStatus } from '../api.ts';

/**
 * What verbs asked for and is not done yet (status.requests).
 *
 * R1  A request names the boot that it was made in: the current one, else the last that ended, else none. It is pending
 *     until a later boot is known, running or ended; that boot is its effect.
 * R2  A stop is about a running boot only: when that has ended there is nothing left to stop.
 * R3  An expired request has no effect.
 * R4  At most 8 at a time. A request whose idempotencyKey is here already is not added again.
 */
export const MAXIMUM_REQUESTS = 8;

/** The boot that a request of this moment is about; '' when the machine never ran. */
export function currentBoot(status: VirtualMachineStatus): string {
  return status.bootID ?? status.exit?.bootID ?? '';
}

export function isPending(request: MachineRequest, status: VirtualMachineStatus, now: Date): boolean {
  if (request.expires !== undefined && Date.parse(request.expires) <= now.getTime()) return false;
  const boot = currentBoot(status);
  if (boot !== '' && boot !== (request.args?.bootID ?? '')) return false;
  switch (request.action) {
    case 'start':
    case 'restart':
      return true;
    case 'stop':
      return Boolean(status.nodeName);
    default:
      request.action satisfies never;
      return false;
  }
}

export function pendingRequests(machine: VirtualMachine, now: Date): MachineRequest[] {
  const status = machine.status ?? {};
  return (status.requests ?? []).filter((request) => isPending(request, status, now));
}

/** The status without requests that are done or over; whoever writes a status passes it through this. */
export function withoutSettledRequests(status: VirtualMachineStatus, now: Date): VirtualMachineStatus {
  const { requests, ...rest } = status;
  const left = requests?.filter((request) => isPending(request, status, now)) ?? [];
  return left.length > 0 ? { ...rest, requests: left } : rest;
}
