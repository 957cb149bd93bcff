import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What machines leave on a computer, listed so that a test can say "nothing".
 *
 * A trace is one line of text, `<kind> <name>`: the same trace before and after is no leak, whatever made it. Only
 * things that carry a mark of ours are listed, so that a busy computer does not disturb the check.
 */
export interface TraceScope {
  /** The agent's state directory; every file below `machines/` in it belongs to some machine. */
  readonly stateDirectory: string;
  /** The directory for sockets. */
  readonly runDirectory: string;
}

/** Every trace of machines on this computer, sorted. */
export function machineTraces(scope: TraceScope): string[] {
  return [
    ...processes(scope),
    ...directory('/run/netns', 'namespace', (name) => name.startsWith('tp-')),
    ...links(),
    ...mounts(scope),
    ...cgroups(),
    ...files(scope),
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

function links(): string[] {
  const parsed = JSON.parse(execFileSync('ip', ['-json', 'link', 'show'], { encoding: 'utf8' })) as {
    ifname: string;
  }[];
  return parsed.filter((link) => /^tp/.test(link.ifname)).map((link) => `link ${link.ifname}`);
}

function mounts(scope: TraceScope): string[] {
  return readFile('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter(
      (target) => target.startsWith(join(scope.stateDirectory, 'machines')) || target.startsWith('/run/netns/tp-'),
    )
    .map((target) => `mount ${target}`);
}

function cgroups(): string[] {
  const found: string[] = [];
  const roots = [
    '/sys/fs/cgroup',
    ...directory('/sys/fs/cgroup', '', () => true).map((line) => `/sys/fs/cgroup/${line.trim()}`),
  ];
  for (const root of roots)
    found.push(...directory(join(root, 'torpor'), `cgroup ${root}`, isDirectoryName(join(root, 'torpor'))));
  return found;
}

function files(scope: TraceScope): string[] {
  return directory(join(scope.stateDirectory, 'machines'), 'files of machine', () => true);
}

function isDirectoryName(parent: string): (name: string) => boolean {
  const names = new Set<string>();
  try {
    for (const entry of readdirSync(parent, { withFileTypes: true })) if (entry.isDirectory()) names.add(entry.name);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return (name) => names.has(name);
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
