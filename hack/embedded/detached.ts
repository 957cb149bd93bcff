import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../../base/atomic-write.ts';
import { sleep } from '../../base/backoff.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../base/process-identity.ts';

/**
 * Processes that outlive the command that starts them.
 *
 * D1  What runs is recorded in run/<name>.json with the start time of the process. A process is signalled only while
 *     the record describes it, so a number that Linux has given to a stranger is never hit.
 * D2  A record names what was started: program bytes, arguments and environment. When they differ from what is wanted
 *     now, the process counts as outdated.
 * D3  stop sends SIGTERM, waits for the grace period, then SIGKILL, and returns when the process is gone. Children are
 *     signalled too only where asked: machines outlive their launcher, the tools of an image build must not.
 * D4  A log that grew over 10 MiB is set aside (one old file is kept) at the next start.
 */
export interface ProcessHome {
  /** Working directory of the processes. */
  readonly root: string;
  readonly log: string;
  /** Records of processes. */
  readonly run: string;
}

export interface ProgramToRun {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Files whose bytes decide whether a running process is outdated: the program itself, its configuration. */
  readonly files: readonly string[];
}

export interface ProcessRecord {
  readonly identity: ProcessIdentity;
  readonly fingerprint: string;
  readonly command: readonly string[];
}

export type ProcessState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'dead'; readonly record: ProcessRecord }
  | { readonly kind: 'running'; readonly record: ProcessRecord };

const LOG_LIMIT = 10 * 1024 * 1024;

export function logFile(home: ProcessHome, name: string): string {
  return path.join(home.log, `${name}.log`);
}

function recordFile(home: ProcessHome, name: string): string {
  return path.join(home.run, `${name}.json`);
}

/** What the record says, checked against /proc (D1). */
export async function stateOf(home: ProcessHome, name: string): Promise<ProcessState> {
  let record: ProcessRecord;
  try {
    record = JSON.parse(await readFile(recordFile(home, name), 'utf8')) as ProcessRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    throw new Error(
      `cannot read ${recordFile(home, name)}: ${(error as Error).message}. Remove it if nothing of Torpor runs.`,
    );
  }
  return (await isAlive(record.identity)) ? { kind: 'running', record } : { kind: 'dead', record };
}

/** Digest of all that decides what the process is (D2). */
export async function fingerprintOf(program: ProgramToRun): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([program.command, program.args, program.environment ?? {}]));
  for (const file of program.files) hash.update(await readFile(file)).update('\0');
  return hash.digest('hex');
}

/** Starts the program in a session of its own, with its output appended to its log. */
export async function start(home: ProcessHome, program: ProgramToRun): Promise<ProcessRecord> {
  const log = logFile(home, program.name);
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_LIMIT) await rename(log, `${log}.1`);
  const output = await open(log, 'a', 0o640);
  try {
    const child = spawn(program.command, [...program.args], {
      cwd: home.root,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', ...program.environment },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new Error(`cannot start ${program.name} (${program.command}): ${error.message}`)),
      );
    });
    const identity = child.pid === undefined ? undefined : await identifyProcess(child.pid);
    if (identity === undefined) throw new Error(`${program.name} ended as soon as it was started; see ${log}`);
    const record: ProcessRecord = {
      identity,
      fingerprint: await fingerprintOf(program),
      command: [program.command, ...program.args],
    };
    await writeAtomically(recordFile(home, program.name), `${JSON.stringify(record)}\n`);
    child.unref();
    return record;
  } finally {
    await output.close();
  }
}

export type StopOutcome = 'absent' | 'stopped' | 'killed';

/** Ends the recorded process, with `group` also the processes of its group, and forgets it (D3). */
export async function stop(home: ProcessHome, name: string, graceMs: number, group = false): Promise<StopOutcome> {
  const state = await stateOf(home, name);
  if (state.kind !== 'running') {
    await rm(recordFile(home, name), { force: true });
    return 'absent';
  }
  const { identity } = state.record;
  const target = group ? -identity.pid : identity.pid;
  signal(target, 'SIGTERM');
  let outcome: StopOutcome = 'stopped';
  if (!(await goneWithin(identity, graceMs))) {
    outcome = 'killed';
    signal(target, 'SIGKILL');
    if (!(await goneWithin(identity, 5000))) throw new Error(`${name} (process ${identity.pid}) survives SIGKILL`);
  }
  await rm(recordFile(home, name), { force: true });
  return outcome;
}

function signal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch (error) {
    // Gone between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** True once the process is gone; false when it still runs after `ms` milliseconds. */
export async function goneWithin(identity: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (await isAlive(identity)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** The last lines of a log, for a person who must see why a process does not come up. */
export async function logTail(home: ProcessHome, name: string, lines: number): Promise<string> {
  const text = await readFile(logFile(home, name), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
