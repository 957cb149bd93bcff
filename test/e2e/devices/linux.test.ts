import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { VirtualMachine } from '../../../openapi/api.ts';
import { type BootOptions, boot, linuxDisk, overlayOn, scratch } from './bench.ts';

/** Every board, firmware, disk bus and network card boots a Linux guest that sees what it was given. */
const needsRoot = { skip: process.getuid?.() !== 0 && 'needs root', timeout: 300_000 };
type Disks = NonNullable<NonNullable<VirtualMachine['spec']['domain']['devices']>['disks']>;

interface Case {
  readonly name: string;
  readonly board: Partial<VirtualMachine['spec']['domain']>;
  readonly disks: Disks;
  readonly interfaces: NonNullable<BootOptions['interfaces']>;
  readonly type: RegExp;
  /** The guest's name of the root disk, of the data disk, and the drivers of its network cards. */
  readonly root: string;
  readonly data: string;
  readonly drivers: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: 'q35, BIOS, virtio disk, virtio card, memory in a file',
    board: { memory: { guest: '256Mi', backing: 'File' }, cpu: { cores: 2 } },
    disks: [
      { name: 'root', disk: { bus: 'virtio' }, serial: 'ROOT1' },
      { name: 'data', disk: { bus: 'virtio', readonly: true } },
    ],
    interfaces: ['virtio'],
    type: /^pc-q35-/,
    root: 'vda',
    data: 'vdb',
    drivers: ['virtio_net'],
  },
  {
    name: 'pc, BIOS, SATA disk and CD-ROM, e1000e card',
    board: { machine: { type: 'pc' } },
    disks: [
      { name: 'root', disk: { bus: 'sata' } },
      { name: 'data', cdrom: { bus: 'sata' } },
    ],
    interfaces: ['e1000e'],
    type: /^pc-i440fx-/,
    root: 'sda',
    data: 'sr0',
    drivers: ['e1000e'],
  },
  {
    name: 'q35, EFI, SCSI disk and CD-ROM, RTL8139 card',
    board: { firmware: { bootloader: { efi: { secureBoot: false } } } },
    disks: [
      { name: 'root', disk: { bus: 'scsi' }, cache: 'writethrough' },
      { name: 'data', cdrom: { bus: 'scsi' } },
    ],
    interfaces: ['rtl8139'],
    type: /^pc-q35-/,
    root: 'sda',
    data: 'sr0',
    drivers: ['8139cp'],
  },
  {
    name: 'pc, EFI, virtio disk, all three cards, every small device',
    board: {
      machine: { type: 'pc' },
      firmware: { bootloader: { efi: { secureBoot: false } } },
      clock: { utc: { offsetSeconds: 86_400 } },
    },
    disks: [
      { name: 'root', disk: { bus: 'virtio' } },
      { name: 'data', disk: { bus: 'scsi', readonly: true } },
    ],
    interfaces: ['virtio', 'e1000e', 'rtl8139'],
    type: /^pc-i440fx-/,
    root: 'vda',
    data: 'sda',
    drivers: ['virtio_net', 'e1000e', '8139cp'],
  },
];

for (const { name, board, disks, interfaces, type, root, data, drivers } of cases) {
  test(name, needsRoot, async (t) => {
    const directory = await scratch(t);
    const payload = join(directory, 'data.raw');
    await writeFile(
      payload,
      Buffer.concat([Buffer.from('the data disk, first sector'), Buffer.alloc(1024 * 1024 - 27)]),
      { mode: 0o444 },
    );
    const bench = await boot(t, directory, {
      domain: { ...board, devices: { disks, rng: {}, watchdog: { name: 'dog', i6300esb: {} } } },
      disks: {
        root: await overlayOn(await linuxDisk(), directory),
        data: { kind: 'file', format: 'raw', path: payload, readOnly: true },
      },
      interfaces,
    });
    assert.match(bench.plan.machineType, type);
    assert.deepEqual(
      bench.plan.targets.map(({ target }) => target),
      [root, data],
    );
    const { serial } = bench;
    await serial.login();
    const mounted = await serial.run(`ls -d /sys/block/*/${root}2 /sys/block/${root}/${root}1`);
    assert.match(mounted, new RegExp(`/sys/block/${root}/${root}1`));
    assert.match(await serial.run(`head -c 27 /dev/${data}`), /the data disk, first sector/);
    assert.match(await serial.run(`echo x > /dev/${data}; echo status $?`), /status 1/);
    const found = await serial.run('for i in /sys/class/net/eth*; do basename $(readlink $i/device/driver); done');
    assert.deepEqual(
      found
        .trim()
        .split('\n')
        .map((line) => line.trim())
        .sort(),
      [...drivers].sort(),
    );
    const macs = await serial.run('cat /sys/class/net/eth*/address');
    for (const index of interfaces.keys()) assert.ok(macs.includes(`52:54:00:00:00:0${index + 1}`));
    if (board.cpu?.cores === 2) assert.match(await serial.run('grep -c ^processor /proc/cpuinfo'), /^2$/m);
    const efi = board.firmware?.bootloader?.efi !== undefined;
    assert.match(
      await serial.run('test -d /sys/firmware/efi && echo by-efi || echo by-bios'),
      efi ? /^by-efi$/m : /^by-bios$/m,
    );
    assert.match(await serial.run('cat /sys/class/dmi/id/sys_vendor'), /^Torpor$/m);
    const end = await bench.stop(60);
    assert.ok(end.kind === 'powered-off' && end.byGuest, JSON.stringify(end));
  });
}
