import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Qmp } from '../../launcher/machine/qmp.ts';

/**
 * The peer: QEMU started by hand with the arguments of a machine that Torpor has built, in a directory of its own.
 *
 * The command line is the stored plan. What differs is where descriptors come from: sockets are bound and the tap is
 * opened by QEMU itself, as a person would have it, and not inherited; and there is no supervisor's monitor.
 */
export interface BarePlan {
  readonly argv: readonly string[];
  readonly directory: string;
}

const TAP = 'tpbench0';

/** Copies a running machine's plan and disks. The overlay is made anew, as at every start. */
export function copyPlan(machineDirectory: string, runDirectory: string, directory: string): BarePlan {
  mkdirSync(join(directory, 'display'), { recursive: true });
  const plan = JSON.parse(readFileSync(join(machineDirectory, 'plan.json'), 'utf8')) as { argv: string[] };
  cpSync(join(machineDirectory, 'boot'), join(directory, 'boot'), { recursive: true });
  const sandbox = plan.argv.map((argument) => /^unix:(.*)\/display\/vnc$/.exec(argument)?.[1]).find(Boolean);
  const sockets: Readonly<Record<string, string>> = { 4: 'qmp', 5: 'serial', 6: 'agent' };
  const argv: string[] = [];
  for (const argument of plan.argv) {
    const moved = argument
      .replaceAll(machineDirectory, directory)
      .replaceAll(sandbox ?? join(runDirectory, 'none'), directory)
      .replace(/fd=([456]),server/, (_all, fd: string) => `path=${join(directory, sockets[fd] as string)},server`)
      .replace(
        /"type":"tap","id":"net0","fd":"\d+"/,
        `"type":"tap","id":"net0","ifname":"${TAP}","script":"no","downscript":"no"`,
      );
    argv.push(moved);
  }
  return { argv: withoutSupervisor(argv), directory };
}

/** Drops the monitor on inherited descriptor 3, which only the supervisor has. */
function withoutSupervisor(argv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const value = argv[index + 1] ?? '';
    if (
      (argv[index] === '-chardev' && value.includes('id=power')) ||
      (argv[index] === '-mon' && value.includes('chardev=power'))
    )
      index += 1;
    else kept.push(argv[index] as string);
  }
  return kept;
}

export function addTap(): void {
  execFileSync('ip', ['tuntap', 'add', 'dev', TAP, 'mode', 'tap']);
  execFileSync('ip', ['link', 'set', TAP, 'up']);
}

export function removeTap(): void {
  execFileSync('ip', ['link', 'delete', TAP]);
}

/** Milliseconds from spawn until QEMU says that the guest runs; then it is ended. */
export async function startBare(plan: BarePlan): Promise<number> {
  for (const name of readdirSync(join(plan.directory, 'boot'))) {
    if (!name.endsWith('.overlay.qcow2')) continue;
    const overlay = join(plan.directory, 'boot', name);
    const base = overlay.replace('.overlay.', '.base.');
    rmSync(overlay);
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, overlay]);
  }
  const [program = '', ...args] = plan.argv;
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    const monitor = await Qmp.open(join(plan.directory, 'qmp')).catch((error: unknown) => {
      throw new Error(`bare QEMU did not come up: ${said || String(error)}`);
    });
    await monitor.command('cont'); // the plan starts with its processors stopped (-S)
    while ((await monitor.command<{ status: string }>('query-status')).status !== 'running') await sleep(1);
    const took = performance.now() - began;
    await monitor.command('quit').catch(() => undefined);
    monitor.close();
    return took;
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
    for (const socket of ['qmp', 'serial', 'agent']) rmSync(join(plan.directory, socket), { force: true });
  }
}
