import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { host, image, inputWith, jsonOf, machineWith, nic, optionOf, type Spec, seed } from './example.ts';
import type { PlanInput } from './input.ts';
import { planMachine } from './plan.ts';

/** TORPOR_UPDATE=1 writes what the plans are now; a person then reads the difference. */
const testdata = join(
  process.env.TORPOR_SOURCE ?? fileURLToPath(new URL('../../..', import.meta.url)),
  'launcher/machine/plan/testdata',
);

type Case = readonly [name: string, spec: Parameters<typeof machineWith>[0], more?: Partial<PlanInput>];
const disksOn = (...disks: NonNullable<NonNullable<Spec['domain']['devices']>['disks']>) => ({
  domain: { devices: { disks } },
});

const cases: readonly Case[] = [
  ['default', {}],
  ['pc-bios', { domain: { machine: { type: 'pc' } } }],
  ['efi', { domain: { firmware: { bootloader: { efi: { secureBoot: false } } } } }],
  ['efi-secure-boot', { domain: { firmware: { bootloader: { efi: {} } }, features: { smm: { enabled: true } } } }],
  [
    'kvm',
    { domain: { cpu: { cores: 2, sockets: 2, threads: 2, model: 'host-model' } } },
    { host: { ...host, accelerator: 'kvm' } },
  ],
  ['memory-in-a-file', { domain: { memory: { guest: '1Gi', backing: 'File' } } }],
  [
    'sata-and-cdrom',
    disksOn(
      { name: 'root', disk: { bus: 'sata' }, serial: 'ABC' },
      { name: 'seed', cdrom: { bus: 'sata' }, bootOrder: 1 },
    ),
  ],
  [
    'scsi',
    disksOn({ name: 'root', disk: { bus: 'scsi' }, cache: 'writethrough' }, { name: 'seed', cdrom: { bus: 'scsi' } }),
  ],
  [
    'everything-small',
    {
      domain: {
        cpu: { model: 'qemu64', features: [{ name: 'avx2', policy: 'disable' }, { name: 'aes' }] },
        clock: { timezone: 'Asia/Kolkata' },
        features: { acpi: { enabled: false }, kvm: { hidden: true } },
        firmware: {
          uuid: '11111111-2222-4333-8444-555555555555',
          serial: 'S-1',
          bootloader: { bios: { useSerial: true } },
        },
        devices: {
          rng: {},
          watchdog: { name: 'dog', i6300esb: { action: 'poweroff' } },
          autoattachGraphicsDevice: false,
          autoattachMemBalloon: false,
          autoattachSerialConsole: false,
          interfaces: [],
        },
      },
    },
    { interfaces: [] },
  ],
  [
    'nics',
    {
      domain: {
        devices: {
          interfaces: [
            { name: 'a', model: 'e1000e', bootOrder: 2 },
            { name: 'b', model: 'rtl8139' },
          ],
        },
      },
    },
    {
      interfaces: [
        { ...nic, name: 'a', model: 'e1000e' },
        { ...nic, name: 'b', tap: 'tap1', model: 'rtl8139' },
      ],
    },
  ],
];

for (const [name, spec, more] of cases) {
  test(`the plan of ${name} is what testdata says`, () => {
    const plan = planMachine(inputWith(machineWith(spec), more));
    const text = `${JSON.stringify(plan, undefined, 2)}\n`;
    const file = join(testdata, `${name}.json`);
    if (process.env.TORPOR_UPDATE) writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}

test('the same input gives the same plan', () => {
  assert.deepEqual(planMachine(inputWith(machineWith())), planMachine(inputWith(machineWith())));
});

test('a device keeps its address and id when another is added after it', () => {
  const devicesOf = (spec: Parameters<typeof machineWith>[0], more?: Partial<PlanInput>) =>
    new Map(
      jsonOf(planMachine(inputWith(machineWith(spec), more)).argv, '-device').map((device) => [
        device.id,
        `${device.bus} ${device.addr}`,
      ]),
    );
  const disks = [
    { name: 'root' },
    { name: 'seed' },
    { name: 'third' },
    { name: 'fourth', disk: { bus: 'scsi' as const } },
  ];
  const sources = new Map(disks.map(({ name }) => [name, { source: { ...seed, path: `/${name}` }, directIo: true }]));
  const few = devicesOf({ domain: { devices: { disks: disks.slice(0, 2) } } }, { disks: sources });
  const more = devicesOf(
    { domain: { devices: { disks, rng: {} } } },
    { disks: sources, interfaces: [nic, { ...nic, name: 'second' }] },
  );
  assert.ok(few.size > 4);
  for (const [id, address] of few) assert.equal(more.get(id), address, String(id));
});

test('V3: every level of a disk is named, opened read-only below the top, and nothing is probed', () => {
  const nodes = jsonOf(planMachine(inputWith(machineWith())).argv, '-blockdev');
  assert.deepEqual(
    nodes.map((node) => [node['node-name'], node.driver, node['read-only'], node.backing]),
    [
      ['disk0-b1-file', 'file', true, undefined],
      ['disk0-b1', 'qcow2', true, null],
      ['disk0-file', 'file', false, undefined],
      ['disk0', 'qcow2', false, 'disk0-b1'],
      ['disk1-file', 'file', true, undefined],
      ['disk1', 'raw', true, undefined],
    ],
  );
  for (const node of nodes) assert.equal(node['auto-read-only'], false);
  assert.equal(planMachine(inputWith(machineWith())).argv.includes('-drive'), false);
});

test('boot order: what has one comes first over disks and interfaces, then the other disks as listed', () => {
  const machine = machineWith({
    domain: {
      devices: {
        disks: [{ name: 'seed' }, { name: 'root', bootOrder: 2 }],
        interfaces: [{ name: 'default', bootOrder: 1 }, { name: 'other' }],
      },
    },
  });
  const list = jsonOf(
    planMachine(inputWith(machine, { interfaces: [nic, { ...nic, name: 'other' }] })).argv,
    '-device',
  );
  const index = (id: string) => list.find((device) => device.id === id)?.bootindex;
  assert.deepEqual(
    [index('net0-device'), index('disk1-device'), index('disk0-device'), index('net1-device')],
    [1, 2, 3, undefined],
  );
  assert.deepEqual(
    list.filter(({ id }) => String(id).startsWith('net')).map(({ romfile }) => romfile),
    [undefined, ''],
  );
});

test('targets are the names that Linux gives', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const kinds = [
    { disk: { bus: 'virtio' } },
    { disk: { bus: 'sata' } },
    { cdrom: {} },
    { disk: { bus: 'virtio' } },
    { disk: { bus: 'scsi' } },
    { cdrom: { bus: 'scsi' } },
  ] as const;
  const disks = names.map((name, index) => ({ name, ...kinds[index] }));
  const plan = planMachine(
    inputWith(machineWith({ domain: { devices: { disks } } }), {
      disks: new Map(names.map((name) => [name, { source: image, directIo: true }])),
    }),
  );
  assert.deepEqual(
    plan.targets.map(({ target }) => target),
    ['vda', 'sda', 'sr0', 'vdb', 'sdb', 'sr1'],
  );
});

test('clock: an offset and a zone become a start time', () => {
  const rtc = (clock: NonNullable<Spec['domain']['clock']>) =>
    optionOf(planMachine(inputWith(machineWith({ domain: { clock } }))).argv, '-rtc');
  assert.equal(rtc({}), 'base=utc,clock=host');
  assert.equal(rtc({ utc: { offsetSeconds: -90 } }), 'base=2026-03-01T11:58:30,clock=host');
  assert.equal(rtc({ timezone: 'Asia/Kolkata' }), 'base=2026-03-01T17:30:00,clock=host');
  assert.equal(rtc({ timezone: 'UTC' }), 'base=utc,clock=host');
});
