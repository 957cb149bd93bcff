import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chown, copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { sleep } from '../../../base/backoff.ts';
import { buildDisk, imageNamed } from '../../../hack/images/catalog.ts';
import { findQemu } from '../../../launcher/agent/host-facts.ts';
import { EndWatch, type MachineEnd, QemuMachine } from '../../../launcher/machine/driver.ts';
import type { PreparedDisk } from '../../../launcher/machine/plan/input.ts';
import { type EffectivePlan, encodeArguments, planMachine } from '../../../launcher/machine/plan/plan.ts';
import type { PreparedInterface } from '../../../launcher/network/network.ts';
import { createCgroups } from '../../../launcher/sandbox/cgroup.ts';
import { findHierarchies } from '../../../launcher/sandbox/cgroup-mounts.ts';
import { createSandboxes } from '../../../launcher/sandbox/sandbox.ts';
import { supervisorBinary } from '../../../launcher/supervisor/fixture.ts';
import type { DiskSource } from '../../../launcher/volumes/volume.ts';
import type { VirtualMachine } from '../../../openapi/api.ts';

/**
 * One machine without API server: a spec is planned and booted by the real supervisor and the real QEMU, in a sandbox of
 * its own, as its own user. Its taps lead nowhere. Needs root.
 */
export interface Bench {
  readonly directory: string;
  readonly plan: EffectivePlan;
  readonly serial: SerialLine;
  readonly ended: Promise<MachineEnd>;
  stop(graceSeconds: number): Promise<MachineEnd>;
}

export interface BootOptions {
  readonly domain: Partial<VirtualMachine['spec']['domain']>;
  readonly disks?: Readonly<Record<string, DiskSource>>;
  readonly interfaces?: readonly PreparedInterface['model'][];
}

const execute = promisify(execFile);
export const UID = 1_899_999_000;
const IMAGES = process.env.TORPOR_TEST_IMAGES ?? join(tmpdir(), 'torpor-test-images');

/** The tiny guest with a kernel that knows every device of ours. */
export async function linuxDisk(): Promise<string> {
  return (await buildDisk(imageNamed('tiny-generic'), IMAGES, () => {})).path;
}

/** A directory for the files of one machine, which its user may enter. */
export async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-dev-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await execute('chmod', ['711', directory]);
  return directory;
}

/** A writable overlay on a disk image of the project's own; nothing of the image changes. */
export async function overlayOn(base: string, directory: string, name = 'root'): Promise<DiskSource> {
  const own = join(directory, `${name}.base`);
  await copyFile(base, own);
  await execute('chmod', ['444', own]);
  const path = join(directory, `${name}.overlay`);
  await execute('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', own, path]);
  await chown(path, UID, UID);
  const backing: DiskSource = { kind: 'file', format: 'qcow2', path: own, readOnly: true, backing: undefined };
  return { kind: 'file', format: 'qcow2', path, readOnly: false, backing };
}

export async function boot(t: TestContext, directory: string, options: BootOptions): Promise<Bench> {
  const name = `dev${randomUUID().slice(0, 6)}`;
  const namespace = `tp-${name}`;
  execFileSync('ip', ['netns', 'add', namespace]);
  const cgroups = createCgroups(await findHierarchies());
  const sandboxes = createSandboxes({ runDirectory: join(directory, 'run'), supervisor: supervisorBinary(), cgroups });
  const identity = { slot: 0, name, uid: UID, gid: UID, address: '', namespacePath: `/run/netns/${namespace}` };
  const sandbox = sandboxes.at(identity);
  let line: SerialLine | undefined;
  t.after(async () => {
    line?.close();
    await sandboxes.destroy(sandbox);
    execFileSync('ip', ['netns', 'del', namespace]);
  });
  await mkdir(join(directory, 'run'), { recursive: true });
  await execute('chmod', ['711', join(directory, 'run')]);
  await sandboxes.prepare(sandbox);
  const interfaces = (options.interfaces ?? []).map((model, index) => nicOf(model, index));
  for (const { tap } of interfaces) {
    execFileSync('ip', [
      '-n',
      namespace,
      'tuntap',
      'add',
      tap,
      'mode',
      'tap',
      'user',
      String(UID),
      'group',
      String(UID),
    ]);
    execFileSync('ip', ['-n', namespace, 'link', 'set', tap, 'up']);
  }
  const plan = await planIn(directory, sandbox.directory, options, interfaces);
  await writeFile(join(sandbox.directory, 'plan'), encodeArguments(plan.argv));
  const watch = new EndWatch();
  const limits = { memory: plan.memoryBytes + 512 * 1024 * 1024, processes: 200, cpu: 500 };
  const client = await sandboxes.launch(sandbox, {
    limits,
    taps: interfaces.map(({ tap }) => tap),
    grace: 5,
    group: undefined,
    listener: watch,
  });
  line = new SerialLine(join(sandbox.directory, 'serial'));
  const machine = await QemuMachine.run(client, { state: 'idle' }, sandbox.directory, watch);
  t.after(() => machine.release());
  return {
    directory: sandbox.directory,
    plan,
    serial: line,
    ended: machine.ended,
    async stop(graceSeconds) {
      await machine.stop(graceSeconds);
      return machine.ended;
    },
  };
}

async function planIn(
  directory: string,
  sandbox: string,
  options: BootOptions,
  interfaces: readonly PreparedInterface[],
): Promise<EffectivePlan> {
  const facts = await findQemu('/usr/bin/qemu-system-x86_64');
  const { efi } = options.domain.firmware?.bootloader ?? {};
  const template = efi?.secureBoot === false ? facts.variables.plain : facts.variables.secure;
  const efiVariables = join(directory, 'efi.vars');
  if (efi !== undefined && template !== undefined) {
    await copyFile(template, efiVariables);
    await chown(efiVariables, UID, UID);
  }
  const memoryFile = join(directory, 'memory.ram');
  const disks = new Map<string, PreparedDisk>();
  for (const [name, source] of Object.entries(options.disks ?? {})) disks.set(name, { source, directIo: false });
  const machine = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'bench', namespace: 'test', uid: randomUUID() },
    spec: { domain: { memory: { guest: '256Mi' }, ...options.domain } },
  } as VirtualMachine;
  const plan = planMachine({
    machine,
    bootID: randomUUID(),
    disks,
    interfaces,
    host: { ...facts, accelerator: 'tcg' },
    files: { vncSocket: join(sandbox, 'display', 'vnc'), memoryFile, efiVariables },
    now: new Date(),
  });
  if (options.domain.memory?.backing === 'File') {
    await writeFile(memoryFile, '');
    await truncate(memoryFile, plan.memoryBytes);
    await chown(memoryFile, UID, UID);
  }
  return plan;
}

function nicOf(model: PreparedInterface['model'], index: number): PreparedInterface {
  return {
    name: `net${index}`,
    tap: `tap${index}`,
    macAddress: `52:54:00:00:00:0${index + 1}`,
    model,
    mtu: 1500,
    address: '',
    guestAddress: '',
  };
}

/** What the guest writes to its serial port, and a way to type. */
export class SerialLine {
  text = '';
  readonly #socket: Socket;
  #wake: () => void = () => {};

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.setEncoding('latin1');
    this.#socket.on('error', () => {});
    this.#socket.on('data', (data) => {
      this.text += data;
      this.#wake();
    });
  }

  /** Resolves with everything so far once it matches; rejects with the end of it after `ms`. */
  async expect(pattern: RegExp, ms = 120_000): Promise<string> {
    const deadline = performance.now() + ms;
    while (!pattern.test(this.text)) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(
          `the serial port did not say ${pattern} within ${ms} ms, but: ${JSON.stringify(this.text.slice(-1500))}`,
        );
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, Math.min(left, 1000));
      });
      clearTimeout(timer);
    }
    return this.text;
  }

  type(text: string): void {
    this.#socket.write(text);
  }

  /** Logs in to the tiny guest. */
  async login(): Promise<void> {
    await this.expect(/login: $/);
    this.type('root\n');
    await this.expect(/assword: \s*$/);
    // login throws away what was typed before it had switched the echo off, a moment after the prompt.
    await sleep(500);
    this.type('tiny\n');
    await this.expect(/# /, 30_000);
  }

  /** Runs a command in the tiny guest and resolves with its output. */
  async run(command: string): Promise<string> {
    const mark = randomUUID().slice(0, 8);
    // The marks are put together by the shell, so the echo of the line is not taken for its output.
    this.type(`echo begin""-${mark}; ${command}; echo end""-${mark}\n`);
    await this.expect(new RegExp(`end-${mark}`), 60_000);
    const from = this.text.indexOf(`begin-${mark}`) + `begin-${mark}`.length;
    return this.text
      .slice(from, this.text.indexOf(`end-${mark}`, from))
      .replaceAll('\r', '')
      .trimStart();
  }

  close(): void {
    this.#socket.destroy();
  }
}
