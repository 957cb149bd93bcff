import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { readQcow2Header } from '../../images/qcow2-header.ts';
import { overlayBytes, writeOverlay } from './overlay.ts';

const run = promisify(execFile);
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

describe('an overlay that we wrote', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-overlay-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const sizes = [512n, 1n << 20n, (512n << 20n) - 512n, 512n << 20n, (512n << 20n) + 512n, 10n << 30n, 16n << 40n];
  for (const virtualSize of sizes) {
    test(`of ${virtualSize} bytes is sound to qemu-img check`, async () => {
      const base = join(directory, 'base.raw');
      await writeFile(base, '');
      await truncate(base, 4096);
      const path = join(directory, `${virtualSize}.qcow2`);
      await writeOverlay(path, { virtualSize, backing: { path: 'base.raw', format: 'raw' } }, owner);
      const check = JSON.parse((await run('qemu-img', ['check', '--output=json', '-f', 'qcow2', path])).stdout);
      assert.equal(check['check-errors'], 0);
      assert.equal(check.leaks ?? 0, 0);
      assert.equal(check.corruptions ?? 0, 0);
      const info = JSON.parse((await run('qemu-img', ['info', '--output=json', '-f', 'qcow2', path])).stdout);
      assert.equal(BigInt(info['virtual-size']), virtualSize);
      assert.equal(info['backing-filename'], 'base.raw');
      assert.equal(info['backing-filename-format'], 'raw');
      assert.equal(info['format-specific'].data.compat, '1.1');
      assert.equal(info['format-specific'].data.corrupt, false);
    });
  }

  test('shows the base until it is written to, and keeps the base as it is', async () => {
    const base = join(directory, 'pattern.raw');
    await writeFile(base, Buffer.alloc(1 << 20, 0x5a));
    const path = join(directory, 'written.qcow2');
    await writeOverlay(path, { virtualSize: 1n << 20n, backing: { path: base, format: 'raw' } }, owner);
    const io = (...commands: string[]) => run('qemu-io', ['-f', 'qcow2', ...commands.flatMap((c) => ['-c', c]), path]);
    await io(
      'read -P 0x5a 0 1M',
      'write -P 0x11 4k 64k',
      'read -P 0x5a 0 4k',
      'read -P 0x11 4k 64k',
      'read -P 0x5a 68k 100k',
    );
    await run('qemu-io', ['-r', '-f', 'raw', '-c', 'read -P 0x5a 0 1M', base]);
    await run('qemu-img', ['check', '-q', '-f', 'qcow2', path]);
  });

  test('belongs to its owner alone, and nothing unfinished stays beside it', async () => {
    const path = join(directory, 'owned.qcow2');
    await writeOverlay(
      path,
      { virtualSize: 1n << 20n, backing: { path: 'base.raw', format: 'raw' } },
      { uid: 12345, gid: 23456 },
    );
    const { uid, gid, mode } = await stat(path);
    assert.deepEqual([uid, gid, mode & 0o777], [12345, 23456, 0o600]);
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  test('is read back by our own reader', () => {
    const { head } = overlayBytes({ virtualSize: 3n << 30n, backing: { path: '/x', format: 'qcow2' } });
    assert.deepEqual(readQcow2Header(head), {
      version: 3,
      hasBackingFile: true,
      clusterBits: 16,
      virtualSize: 3n << 30n,
      isEncrypted: false,
      incompatibleFeatures: 0n,
    });
  });

  test('is refused for sizes and paths that qcow2 cannot hold', () => {
    const backing = { path: '/x', format: 'raw' } as const;
    assert.throws(() => overlayBytes({ virtualSize: 0n, backing }), RangeError);
    assert.throws(() => overlayBytes({ virtualSize: 513n, backing }), RangeError);
    assert.throws(() => overlayBytes({ virtualSize: 1n << 60n, backing }), /larger than qcow2 allows/);
    assert.throws(
      () => overlayBytes({ virtualSize: 512n, backing: { ...backing, path: 'x'.repeat(1024) } }),
      RangeError,
    );
  });
});
