import { isDeepStrictEqual } from 'node:util';
import type { VirtualMachine } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';
import { effectiveMachine } from '../effective.ts';

/** What a boot is made of. Changing it under a running machine would leave a spec that says something else than what runs. */
const bootFields = ['domain', 'networks', 'volumes', 'hostname', 'accessCredentials'] as const;

/** What may not change; `old` is the stored machine, whose status says whether a host holds it. */
export function updateErrors(machine: VirtualMachine, old: VirtualMachine): FieldError[] {
  const host = old.status?.nodeName;
  if (!host) return [];
  // Writing a default out, or leaving it out, is no change; nor is a default that came into being later.
  const before = effectiveMachine(old);
  const now = effectiveMachine(machine);
  const why = `may not change while the machine is on host ${JSON.stringify(host)}; stop the machine first`;
  // A volume that was added brings a disk by default: only what was written differently is told.
  const written = bootFields.filter((name) => !isDeepStrictEqual(machine.spec[name], old.spec[name]));
  return written.flatMap((name) =>
    changedPaths(now.spec[name], before.spec[name], `spec.${name}`).map((path) => field.forbidden(path, why)),
  );
}

/** The deepest fields that differ; a list of another length differs as a whole. */
function changedPaths(now: unknown, before: unknown, path: string): string[] {
  if (isDeepStrictEqual(now, before)) return [];
  if (Array.isArray(now) && Array.isArray(before)) {
    if (now.length !== before.length) return [path];
    return now.flatMap((item, index) => changedPaths(item, before[index], `${path}[${index}]`));
  }
  if (isObject(now) && isObject(before)) {
    const names = new Set([...Object.keys(now), ...Object.keys(before)]);
    return [...names].flatMap((name) => changedPaths(now[name], before[name], `${path}.${name}`));
  }
  return [path];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
