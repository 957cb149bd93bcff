import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeAtomically } from '../../base/atomic-write.ts';
import { PAYLOAD_EXIT, payloadDisk } from './payload.ts';

/**
 * Which accelerator machines of this node get. A device node proves nothing: it may be there and unable to run a guest
 * (nested virtualisation in software), so the probe runs one.
 *
 * P1  kvm is chosen only after a guest has reached long mode, taken an interrupt and reported it under kvm, with the
 *     CPU model that machines get, within the deadline.
 * P2  Everything else is tcg, with a reason in one word and a sentence that says what was seen.
 * P3  The answer is kept for this boot of the node, this QEMU and this device; anything else is probed anew.
 */
export type Accelerator =
  | { readonly name: 'kvm' }
  | {
      readonly name: 'tcg';
      readonly reason: 'NoDevice' | 'NoPermission' | 'GuestFailed' | 'GuestHung';
      readonly message: string;
    };

export interface ProbeOptions {
  /** Path of qemu-system-x86_64. */
  readonly qemu: string;
  /** Text of `qemu-system-x86_64 --version`; part of what the kept answer depends on. */
  readonly qemuVersion: string;
  /** Directory for the payload and the kept answer; exists. */
  readonly directory: string;
  /** Default /dev/kvm. */
  readonly device?: string;
  /** How long the guest may take, in milliseconds; default 5,000: a working kvm takes well under one second. */
  readonly deadlineMs?: number;
}

const execute = promisify(execFile);

export async function probeAccelerator(options: ProbeOptions): Promise<Accelerator> {
  const { directory, device = '/dev/kvm' } = options;
  const found = await stat(device).catch(() => undefined);
  if (found === undefined) {
    const message = `${device} does not exist: the processor or the virtual machine around this node offers no hardware virtualisation`;
    return { name: 'tcg', reason: 'NoDevice', message };
  }
  try {
    await access(device, constants.R_OK | constants.W_OK);
  } catch {
    return { name: 'tcg', reason: 'NoPermission', message: `${device} cannot be opened for reading and writing` };
  }
  const bootID = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const key = [bootID, options.qemu, options.qemuVersion, device, found.rdev].join(' ');
  const file = join(directory, 'accelerator.json');
  const kept = await readKept(file, key);
  if (kept !== undefined) return kept;
  const accelerator = await runGuest(options, device);
  await writeAtomically(file, JSON.stringify({ key, accelerator })); // P3
  return accelerator;
}

async function runGuest(options: ProbeOptions, device: string): Promise<Accelerator> {
  const { qemu, directory, deadlineMs = 5000 } = options;
  const scratch = await mkdtemp(join(directory, 'probe-'));
  try {
    const disk = join(scratch, 'disk');
    await writeFile(disk, payloadDisk());
    const args = [
      ...['-machine', 'q35', '-accel', 'kvm', '-cpu', 'host', '-m', '64'],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-sandbox', 'on'],
      ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'],
      ...['-drive', `file=${disk},format=raw,if=virtio,readonly=on`],
    ];
    await execute(qemu, args, { timeout: deadlineMs, killSignal: 'SIGKILL', env: { LC_ALL: 'C' }, maxBuffer: 1 << 20 });
    return failed(device, 'QEMU ended without a word from the guest');
  } catch (error) {
    const { code, killed, stderr } = error as { code?: number | string; killed?: boolean; stderr?: string };
    if (code === PAYLOAD_EXIT) return { name: 'kvm' }; // P1
    if (killed) {
      const message = `${device} is there, but a guest under kvm did not get far enough within ${deadlineMs} ms`;
      return { name: 'tcg', reason: 'GuestHung', message };
    }
    const last = (stderr ?? '').trim().split('\n').slice(0, 2).join('; ').slice(0, 300);
    return failed(device, last || `QEMU ended with ${code}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function failed(device: string, what: string): Accelerator {
  return { name: 'tcg', reason: 'GuestFailed', message: `${device} is there, but cannot run a guest: ${what}` };
}

async function readKept(file: string, key: string): Promise<Accelerator | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as { key?: unknown; accelerator?: Accelerator };
    return kept.key === key ? kept.accelerator : undefined;
  } catch {
    return undefined; // absent or damaged: probed anew
  }
}
