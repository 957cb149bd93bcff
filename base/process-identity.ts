import { readFile } from 'node:fs/promises';

/**
 * Which process a number means. Linux gives process ids out again, so a number remembered in a file may belong to a
 * stranger by now; together with the time at which the process started it is unique until the machine boots again.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks between boot and the start of the process. */
  readonly startTime: string;
  /** The boot of the machine, since start times of different boots may coincide. */
  readonly bootId: string;
}

/** The start time in a line of /proc/<pid>/stat. The second field is the name in parentheses and may hold anything. */
export function parseStartTime(stat: string): { readonly state: string; readonly startTime: string } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

/** Who has this number now; undefined when nobody has, or only a zombie that waits to be reaped. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const parsed = parseStartTime(stat);
  if (parsed === undefined || parsed.state === 'Z' || parsed.state === 'X') return undefined;
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return { pid, startTime: parsed.startTime, bootId };
}

/** True while the very process that was identified still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}
