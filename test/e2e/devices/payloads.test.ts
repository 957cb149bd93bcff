import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DiskSource } from '../../../launcher/volumes/volume.ts';
import { boot, linuxDisk, overlayOn, scratch, UID } from './bench.ts';

/** What is no Linux: a memory tester, a network boot loader, the EFI shell. And what secure boot must not start. */
const needsRoot = { skip: process.getuid?.() !== 0 && 'needs root', timeout: 240_000 };
const MEMTEST = '/boot/memtest86+x64.bin';

/** A disk with one FAT partition and the given files; bootable by BIOS when syslinux.cfg is among them. */
function fatDisk(directory: string, files: Readonly<Record<string, Buffer | string>>): DiskSource {
  const path = join(directory, 'fat.raw');
  writeFileSync(path, '');
  truncateSync(path, 48 * 1024 * 1024);
  const run = (program: string, args: readonly string[], input?: string) =>
    execFileSync(program, [...args], { input, stdio: ['pipe', 'ignore', 'pipe'] });
  run('sfdisk', ['-q', path], 'label: dos\nstart=2048,type=6,bootable\n');
  run('mkfs.vfat', ['-F16', '--offset', '2048', path, '48128']);
  for (const [name, content] of Object.entries(files)) {
    const parts = name.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      run('mmd', ['-D', 's', '-i', `${path}@@1M`, `::/${parts.slice(0, depth).join('/')}`]);
    }
    const local = join(directory, 'file');
    writeFileSync(local, content);
    run('mcopy', ['-i', `${path}@@1M`, local, `::/${name}`]);
  }
  if ('syslinux.cfg' in files) {
    run('dd', ['if=/usr/lib/syslinux/mbr/mbr.bin', `of=${path}`, 'bs=440', 'count=1', 'conv=notrunc', 'status=none']);
    run('syslinux', ['--install', '-t', '1048576', path]);
  }
  chownSync(path, UID, UID);
  return { kind: 'file', format: 'raw', path, readOnly: false };
}

test('memtest86+ from a SATA disk by BIOS', {
  ...needsRoot,
  skip: needsRoot.skip || (!existsSync(MEMTEST) && 'needs the package memtest86+'),
}, async (t) => {
  const directory = await scratch(t);
  const disk = fatDisk(directory, {
    'memtest.bin': execFileSync('cat', [MEMTEST], { maxBuffer: 1 << 24 }),
    'syslinux.cfg':
      'SERIAL 0 115200\nDEFAULT m\nPROMPT 0\nLABEL m\n  LINUX memtest.bin\n  APPEND console=ttyS0,115200\n',
  });
  const bench = await boot(t, directory, {
    domain: {
      memory: { guest: '64Mi' },
      devices: { disks: [{ name: 'disk', disk: { bus: 'sata' } }] },
    },
    disks: { disk },
  });
  await bench.serial.expect(/Memtest86\+ v\d/, 90_000);
  // It has no ears for the power button: the grace period ends it.
  const end = await bench.stop(1);
  assert.equal(end.kind, 'killed');
});

test('iPXE: a network card with a boot order is booted from, by its own ROM', needsRoot, async (t) => {
  for (const model of ['virtio', 'e1000e', 'rtl8139'] as const) {
    const directory = await scratch(t);
    const bench = await boot(t, directory, {
      domain: {
        memory: { guest: '64Mi' },
        firmware: { bootloader: { bios: { useSerial: true } } },
        devices: { interfaces: [{ name: 'net0', model, bootOrder: 1 }] },
      },
      interfaces: [model],
    });
    const said = await bench.serial.expect(/net0: 52:54:00:00:00:01/, 60_000);
    assert.match(said, /SeaBIOS[\s\S]*iPXE/);
    await bench.stop(0);
  }
});

test('the EFI shell runs a script from a SATA disk', needsRoot, async (t) => {
  const directory = await scratch(t);
  const disk = fatDisk(directory, { 'startup.nsh': 'echo torpor shell script %0\r\nmemmap\r\nreset -s\r\n' });
  const bench = await boot(t, directory, {
    domain: {
      firmware: { bootloader: { efi: { secureBoot: false } } },
      devices: { disks: [{ name: 'disk', disk: { bus: 'sata' } }] },
    },
    disks: { disk },
  });
  await bench.serial.expect(/torpor shell script FS0:\\startup\.nsh/, 90_000);
  const end = await bench.ended;
  assert.ok(end.kind === 'powered-off' && end.byGuest, JSON.stringify(end));
});

test('secure boot refuses a loader that nobody signed', needsRoot, async (t) => {
  const directory = await scratch(t);
  const bench = await boot(t, directory, {
    domain: {
      firmware: { bootloader: { efi: {} } },
      features: { smm: { enabled: true } },
      devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] },
    },
    disks: { root: await overlayOn(await linuxDisk(), directory) },
  });
  await bench.serial.expect(/Access Denied|Security Violation/i, 90_000);
  assert.doesNotMatch(bench.serial.text, /login:/);
  await bench.stop(0);
});
