import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PAYLOAD_EXIT, payloadDisk, payloadSector } from './payload.ts';
import { probeAccelerator } from './probe.ts';

const QEMU = '/usr/bin/qemu-system-x86_64';
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-probe-'));
});
after(() => rm(directory, { recursive: true, force: true }));

/** A program in QEMU's place that does what a broken or a working kvm makes QEMU do. */
async function standIn(name: string, script: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

const probe = (qemu: string, more: { deadlineMs?: number; device?: string } = {}) =>
  probeAccelerator({ qemu, qemuVersion: '7.2', directory, device: '/dev/null', ...more });

test('the payload is what its source assembles to', () => {
  const source = process.env.TORPOR_SOURCE ?? fileURLToPath(new URL('../..', import.meta.url));
  const object = join(directory, 'payload.o');
  const binary = join(directory, 'payload.bin');
  execFileSync('as', ['--64', join(source, 'launcher/accelerator/payload.S'), '-o', object]);
  execFileSync('ld', ['-m', 'elf_x86_64', '-Ttext', '0x7c00', '--oformat', 'binary', object, '-o', binary]);
  const assembled = execFileSync('cat', [binary]);
  assert.deepEqual(payloadSector(), assembled);
});

test('the payload does its work in a processor that is known to be right', async () => {
  const disk = join(directory, 'disk');
  await writeFile(disk, payloadDisk());
  const args = ['-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', '64', '-nodefaults', '-display', 'none'];
  args.push('-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04');
  args.push('-drive', `file=${disk},format=raw,if=virtio,readonly=on`);
  assert.throws(
    () => execFileSync(QEMU, args, { timeout: 60_000 }),
    (error: { status?: number }) => error.status === PAYLOAD_EXIT,
  );
});

test('P1: only the exit status of the payload means kvm', async () => {
  assert.deepEqual(await probe(await standIn('works', `exit ${PAYLOAD_EXIT}`)), { name: 'kvm' });
  const silent = await probe(await standIn('silent', 'exit 0'));
  assert.deepEqual([silent.name, silent.name === 'tcg' && silent.reason], ['tcg', 'GuestFailed']);
});

test('P2: the reason says what was seen', async () => {
  const broken = await probe(await standIn('broken', 'echo "KVM internal error. Suberror: 1" >&2; exit 134'));
  assert.ok(broken.name === 'tcg' && broken.reason === 'GuestFailed' && broken.message.includes('internal error'));
  const hung = await probe(await standIn('hung', 'exec sleep 30'), { deadlineMs: 200 });
  assert.ok(hung.name === 'tcg' && hung.reason === 'GuestHung');
  const absent = await probe(QEMU, { device: '/dev/no-such-device' });
  assert.ok(absent.name === 'tcg' && absent.reason === 'NoDevice');
});

test('P3: the answer is kept until QEMU changes', async () => {
  const counter = join(directory, 'count');
  const counted = await standIn('counted', `echo run >> ${counter}; exit ${PAYLOAD_EXIT}`);
  const options = { qemu: counted, directory, device: '/dev/null' };
  for (const qemuVersion of ['7.2', '7.2', '8.0', '8.0'])
    assert.equal((await probeAccelerator({ ...options, qemuVersion })).name, 'kvm');
  assert.equal((await readFile(counter, 'utf8')).trim().split('\n').length, 2);
});
