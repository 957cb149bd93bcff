import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationMark } from '../../launcher/sandbox/identity.ts';

/**
 * What machines leave on a computer, listed so that a test can say "nothing".
 *
 * A trace is one line of text, `<kind> <name>`: the same trace before and after is no leak, whatever made it. Only
 * what this installation made is listed: processes that name its directories, and names that start with its mark, so
 * that neither a busy computer nor another Torpor beside it disturbs the check.
 */
export interface TraceScope {
  /** The agent's state directory; every file below `machines/` in it belongs to some machine. */
  readonly stateDirectory: string;
  /** The directory for sockets. */
  readonly runDirectory: string;
}

/** Every trace of machines on this computer, sorted. */
export function machineTraces(scope: TraceScope): string[] {
  const mark = installationMark(scope.stateDirectory);
  return [
    ...processes(scope),
    ...directory('/run/netns', 'namespace', (name) => name.startsWith(`tp-${mark}`)),
    ...links(mark),
    ...mounts(scope, mark),
    ...cgroups(mark),
    ...directory(scope.runDirectory, 'sockets of machine', (name) => name.startsWith(mark)),
    ...directory(join(scope.stateDirectory, 'machines'), 'files of machine', () => true),
  ].sort();
}

/** Traces in `after` that were not there before. */
export function leaked(before: readonly string[], after: readonly string[]): string[] {
  const known = new Set(before);
  return after.filter((trace) => !known.has(trace));
}

function processes(scope: TraceScope): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = readFile(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
    const ofMachine = /qemu-system|torpor-supervisor|dnsmasq/.test(command.split(' ', 1)[0] ?? '');
    const ours = command.includes(scope.stateDirectory) || command.includes(scope.runDirectory);
    if (ofMachine && ours) found.push(`process ${pid} ${command.slice(0, 100)}`);
  }
  return found;
}

function links(mark: string): string[] {
  const parsed = JSON.parse(execFileSync('ip', ['-json', 'link', 'show'], { encoding: 'utf8' })) as {
    ifname: string;
  }[];
  return parsed.filter((link) => link.ifname.startsWith(`tp${mark}`)).map((link) => `link ${link.ifname}`);
}

function mounts(scope: TraceScope, mark: string): string[] {
  return readFile('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter(
      (target) =>
        target.startsWith(join(scope.stateDirectory, 'machines')) || target.startsWith(`/run/netns/tp-${mark}`),
    )
    .map((target) => `mount ${target}`);
}

function cgroups(mark: string): string[] {
  const hierarchies = ['', ...directory('/sys/fs/cgroup', '', () => true).map((line) => line.trim())];
  return hierarchies.flatMap((hierarchy) => {
    const parent = join('/sys/fs/cgroup', hierarchy, 'torpor');
    return directory(parent, `cgroup ${parent}`, (name) => name.startsWith(mark));
  });
}

function directory(path: string, kind: string, keep: (name: string) => boolean): string[] {
  try {
    return readdirSync(path)
      .filter(keep)
      .map((name) => `${kind} ${name}`);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** The text of a file of /proc; '' when its process is gone by now. */
function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR';
}
