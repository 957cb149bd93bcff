import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { emptyDisk } from '../../launcher/volumes/empty-disk.ts';
import { ephemeral } from '../../launcher/volumes/ephemeral.ts';
import { persistentVolumeClaim } from '../../launcher/volumes/persistent-volume-claim.ts';
import type { Volume } from '../../openapi/api.ts';
import { createVolumeContext, type FakeContext } from '../harness/volume-context.ts';

const run = promisify(execFile);
const MIB = 1 << 20;

let context: FakeContext;
let claim: string;
beforeEach(async () => {
  context = await createVolumeContext();
  claim = await mkdtemp(join(tmpdir(), 'torpor-claim-'));
  context.claims.set('data', { kind: 'directory', path: claim, capacity: BigInt(10 * MIB + 5000), readOnly: false });
});
afterEach(async () => {
  await context.remove();
  await rm(claim, { recursive: true, force: true });
});

describe('persistentVolumeClaim', () => {
  const volume: Volume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
  const prepare = (where = context) => persistentVolumeClaim.prepare(volume, where);
  const failed = async (message: RegExp) => {
    const outcome = await prepare();
    assert.equal(outcome.kind, 'failed');
    assert.match(outcome.kind === 'failed' ? outcome.message : '', message);
  };

  test('waits for a claim that is not bound', async () => {
    const other: Volume = { name: 'x', persistentVolumeClaim: { claimName: 'none' } };
    assert.deepEqual(await persistentVolumeClaim.prepare(other, context), {
      kind: 'waiting',
      reason: 'ClaimNotBound',
      message: 'volume "x" waits for PersistentVolumeClaim "none" to exist and be bound',
    });
  });

  test("makes a missing disk sparse at the claim's size, whole MiB, for QEMU's user", async () => {
    const path = join(claim, 'disk.img');
    assert.deepEqual(await prepare(), {
      kind: 'ready',
      source: { kind: 'file', format: 'raw', path, readOnly: false },
    });
    const { size, blocks, uid, mode } = await stat(path);
    assert.deepEqual([size, blocks, uid, mode & 0o777], [10 * MIB, 0, context.uid, 0o600]);
    assert.deepEqual(await readdir(claim), ['disk.img']);
  });

  test('keeps what is in a disk, takes over its owner, and lets it grow with the claim but never shrink', async () => {
    const path = join(claim, 'disk.img');
    await writeFile(path, Buffer.alloc(MIB, 7));
    assert.equal((await prepare()).kind, 'ready');
    const { size, uid } = await stat(path);
    assert.deepEqual([size, uid], [10 * MIB, context.uid]);
    assert.deepEqual((await readFile(path)).subarray(0, MIB), Buffer.alloc(MIB, 7));
    await truncate(path, 20 * MIB);
    await prepare();
    assert.equal((await stat(path)).size, 20 * MIB);
  });

  test('is raw though its first bytes say qcow2 (V3)', async () => {
    const path = join(claim, 'disk.img');
    await run('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/shadow', path, '1M']);
    const outcome = await prepare();
    assert.equal(outcome.kind === 'ready' && outcome.source.kind === 'file' && outcome.source.format, 'raw');
  });

  test('touches nothing through a link that somebody put into the claim', async () => {
    const victim = join(context.bootDirectory, 'victim');
    await writeFile(victim, 'precious', { mode: 0o600 });
    const before = await stat(victim);
    const path = join(claim, 'disk.img');
    await symlink(victim, path);
    await failed(/is a symbolic link: replace it by the disk itself/);
    await rm(path);
    await link(victim, path);
    await failed(/has a second name \(hard link\)/);
    await rm(path);
    await mkdir(path);
    await failed(/is no regular file/);
    await rm(path, { recursive: true });
    await run('mkfifo', [path]);
    await failed(/is no regular file/);
    assert.deepEqual([before.uid, before.mode], [(await stat(victim)).uid, (await stat(victim)).mode]);
  });

  test('outlives cleanup', async () => {
    await prepare();
    await persistentVolumeClaim.cleanup('data', context);
    await persistentVolumeClaim.cleanup('data', context);
    assert.deepEqual(await readdir(claim), ['disk.img']);
  });

  test('a block device comes as a node of its own, and the one in /dev stays as it is', async (t) => {
    const backing = join(claim, 'device.raw');
    await writeFile(backing, Buffer.alloc(2 * MIB));
    const device = (await run('losetup', ['--find', '--show', backing]).catch(() => ({ stdout: '' }))).stdout.trim();
    if (device === '') return t.skip('no loop devices here');
    try {
      const before = await stat(device);
      context.claims.set('data', { kind: 'device', path: device, readOnly: false });
      const path = join(context.bootDirectory, 'data.device');
      assert.deepEqual(await prepare(), { kind: 'ready', source: { kind: 'device', path, readOnly: false } });
      const node = await stat(path);
      assert.deepEqual([node.rdev, node.uid, node.isBlockDevice()], [before.rdev, context.uid, true]);
      const after = await stat(device);
      assert.deepEqual([after.uid, after.mode], [before.uid, before.mode]);
      assert.equal((await prepare()).kind, 'ready');
      await persistentVolumeClaim.cleanup('data', context);
      assert.deepEqual(await readdir(context.bootDirectory), []);
    } finally {
      await run('losetup', ['--detach', device]);
    }
  });

  test('a device that is none, and one that is gone, are refused', async () => {
    context.claims.set('data', { kind: 'device', path: '/dev/null', readOnly: false });
    await failed(/the device \/dev\/null of PersistentVolumeClaim "data" is no block device/);
    context.claims.set('data', { kind: 'device', path: '/dev/nothing-here', readOnly: false });
    await failed(/does not exist on this node/);
  });
});

describe('ephemeral', () => {
  const volume: Volume = { name: 'root', ephemeral: { persistentVolumeClaim: { claimName: 'data' } } };

  test('reads the claim and writes elsewhere', async () => {
    const base = join(claim, 'disk.img');
    await writeFile(base, Buffer.alloc(MIB, 0x5a));
    const outcome = await ephemeral.prepare(volume, context);
    const path = join(context.bootDirectory, 'root.overlay.qcow2');
    const backing = { kind: 'file', format: 'raw', path: base, readOnly: true };
    assert.deepEqual(outcome, {
      kind: 'ready',
      source: { kind: 'file', format: 'qcow2', path, readOnly: false, backing },
    });
    await run('qemu-io', ['-f', 'qcow2', '-c', 'read -P 0x5a 0 1M', '-c', 'write -P 1 0 64k', path]);
    assert.deepEqual(await readFile(base), Buffer.alloc(MIB, 0x5a));
    assert.deepEqual(await ephemeral.prepare(volume, context), outcome);
    await run('qemu-io', ['-f', 'qcow2', '-c', 'read -P 1 0 64k', path]); // V1: the same overlay, with what was written
    await ephemeral.cleanup('root', context);
    assert.deepEqual(await readdir(context.bootDirectory), []);
  });

  test('leaves the claim to its owner and lets any number of machines read it', async () => {
    const base = join(claim, 'disk.img');
    await writeFile(base, Buffer.alloc(MIB), { mode: 0o600 });
    const { uid } = await stat(base);
    await ephemeral.prepare(volume, context);
    const after = await stat(base);
    assert.deepEqual([after.uid, after.mode & 0o777], [uid, 0o644]);
  });

  test('needs a disk in the claim', async () => {
    const outcome = await ephemeral.prepare(volume, context);
    assert.equal(outcome.kind === 'failed' && outcome.reason, 'ClaimEmpty');
    assert.deepEqual(await readdir(claim), []);
  });
});

describe('emptyDisk', () => {
  test('is sparse, whole MiB, and keeps its bytes when prepared again', async () => {
    const volume: Volume = { name: 'scratch', emptyDisk: { capacity: '1500Ki' } };
    const path = join(context.bootDirectory, 'scratch.empty.raw');
    assert.deepEqual(await emptyDisk.prepare(volume, context), {
      kind: 'ready',
      source: { kind: 'file', format: 'raw', path, readOnly: false },
    });
    const { size, blocks, uid } = await stat(path);
    assert.deepEqual([size, blocks, uid], [2 * MIB, 0, context.uid]);
    await writeFile(path, 'x', { flag: 'r+' });
    await emptyDisk.prepare(volume, context);
    assert.equal((await readFile(path)).subarray(0, 1).toString(), 'x');
    await emptyDisk.cleanup('scratch', context);
    assert.deepEqual(await readdir(context.bootDirectory), []);
  });
});
