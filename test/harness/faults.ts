import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../base/process-identity.ts';
import { embedded } from './embedded.ts';
import { eventually } from './eventually.ts';
import { machine } from './tiny-machine.ts';

/**
 * Killing processes of a test system, and watching what its machines do meanwhile.
 *
 * K1  A process is named by number and start time, so a number that was given out again is never hit.
 * K2  A sampler sees a QEMU by the machine's own directory in its arguments, wherever it was started from.
 */
export const SERVICES = ['etcd', 'apiserver', 'reconcilers', 'launcher'] as const;
export type Service = (typeof SERVICES)[number];
export const HELPERS = ['qemu', 'supervisor', 'dnsmasq'] as const;
export type Helper = (typeof HELPERS)[number];

/** One of the processes that hack/up starts. */
export async function serviceProcess(name: Service): Promise<ProcessIdentity> {
  const record = JSON.parse(readFileSync(join(embedded.home, 'run', `${name}.json`), 'utf8')) as {
    identity: ProcessIdentity;
  };
  if (!(await isAlive(record.identity))) throw new Error(`${name} does not run`);
  return record.identity;
}

/** A process of a machine; rejects when there is not exactly one. */
export async function helperProcess(helper: Helper, uid: string): Promise<ProcessIdentity> {
  const [pid, ...more] = helperPids(helper, uid);
  const identity = pid === undefined || more.length > 0 ? undefined : await identifyProcess(pid);
  if (identity === undefined) throw new Error(`machine ${uid} has not exactly one ${helper}`);
  return identity;
}

export function helperPids(helper: Helper, uid: string): number[] {
  const marks = [join(embedded.home, 'node/machines', uid, '/')];
  const sandbox = sandboxDirectory(uid);
  if (sandbox !== undefined) marks.push(sandbox);
  return processes(
    (words) => isHelper(helper, words[0] ?? '') && words.some((word) => marks.some((mark) => word.includes(mark))),
  );
}

export function qemuPids(uid: string): number[] {
  return helperPids('qemu', uid);
}

export async function kill9(identity: ProcessIdentity): Promise<void> {
  if (!(await isAlive(identity))) throw new Error(`process ${identity.pid} has ended before it was killed`);
  process.kill(identity.pid, 'SIGKILL');
  await eventually(`process ${identity.pid} is gone`, 5000, async () => ((await isAlive(identity)) ? undefined : true));
}

/** False when there is no such process, or not any more. */
export async function killIfAlive(pid: number): Promise<boolean> {
  const identity = await identifyProcess(pid);
  if (identity === undefined) return false;
  await kill9(identity);
  return true;
}

export async function killService(name: Service): Promise<void> {
  await kill9(await serviceProcess(name));
}

export async function uidOf(name: string): Promise<string> {
  const { uid } = (await machine(name)).metadata;
  if (uid === undefined) throw new Error(`machine ${name} has no uid`);
  return uid;
}

/** How many QEMUs a machine had, looked at now and every 30 ms. */
export class QemuSampler {
  readonly seen = new Set<number>();
  most = 0;
  readonly #uid: string;
  readonly #timer: NodeJS.Timeout;

  constructor(uid: string) {
    this.#uid = uid;
    this.#timer = setInterval(() => this.#look(), 30);
    this.#look();
  }

  stop(): this {
    clearInterval(this.#timer);
    this.#look();
    return this;
  }

  #look(): void {
    const pids = qemuPids(this.#uid);
    for (const pid of pids) this.seen.add(pid);
    this.most = Math.max(this.most, pids.length);
  }
}

/** The phases through which a machine goes, each with its boot, as a watch tells them. */
export class PhaseWatch {
  readonly seen: { readonly phase: string; readonly boot: string; readonly reason: string }[] = [];
  readonly #child: ReturnType<typeof spawn>;

  constructor(name: string) {
    const fields = '{.status.phase}|{.status.bootID}|{.status.reason}{"\\n"}';
    this.#child = spawn('kubectl', ['get', 'vm', name, '--watch', '-o', `jsonpath=${fields}`], {
      env: { ...process.env, KUBECONFIG: embedded.kubeconfig },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      const lines = (text + more).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const [phase = '', boot = '', reason = ''] = line.split('|');
        if (phase !== this.seen.at(-1)?.phase) this.seen.push({ phase, boot, reason });
      }
    });
  }

  get phases(): string[] {
    return this.seen.map(({ phase }) => phase);
  }

  /** Resolves when the watch has begun. */
  async begun(): Promise<this> {
    await eventually('the watch begins', 10_000, async () => (this.seen.length > 0 ? true : undefined));
    return this;
  }

  /** Resolves when the machine has come to this phase since the watch began. */
  async until(phase: string, timeoutMs = 60_000): Promise<void> {
    await eventually(`a machine that comes to be ${phase}`, timeoutMs, async () =>
      this.phases.slice(1).includes(phase) ? true : undefined,
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; so far it was ${this.phases.join(', ')}`);
    });
  }

  stop(): void {
    this.#child.kill();
  }
}

function isHelper(helper: Helper, program: string): boolean {
  switch (helper) {
    case 'qemu':
      return /\/qemu-system-[^/]+$/.test(program);
    case 'supervisor':
      return program === join(embedded.home, 'bin/supervisor');
    case 'dnsmasq':
      return /(^|\/)dnsmasq$/.test(program);
  }
}

function processes(wanted: (words: readonly string[]) => boolean): number[] {
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = read(`/proc/${name}/cmdline`).split('\0');
    if (wanted(words)) found.push(Number(name));
  }
  return found;
}

/** From the files of the machine's network, which name its namespace. */
function sandboxDirectory(uid: string): string | undefined {
  const links = read(join(embedded.home, 'node/machines', uid, 'network/host-links'));
  const name = /\btp([0-9a-f]{8})\b/.exec(links)?.[1];
  return name === undefined ? undefined : join(embedded.home, 'run', name);
}

/** '' when it is gone by now. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') return '';
    throw error;
  }
}
