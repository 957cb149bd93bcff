import assert from 'node:assert/strict';
import { test } from 'node:test';
import { host, image, inputWith, jsonOf, machineWith, nic, seed } from './example.ts';
import type { PlanInput } from './input.ts';
import { keyValues, PlanError } from './option.ts';
import { encodeArguments, planMachine } from './plan.ts';

const refused = (spec: Parameters<typeof machineWith>[0], reason: string, message: RegExp, more?: Partial<PlanInput>) =>
  assert.throws(
    () => planMachine(inputWith(machineWith(spec), more)),
    (error: unknown) => error instanceof PlanError && error.reason === reason && message.test(error.message),
    reason,
  );

test('what cannot be built is refused with a reason and what to change', () => {
  refused(
    { domain: { cpu: { model: 'host-passthrough' } } },
    'NeedsHardwareAcceleration',
    /host-model or another host/,
  );
  refused({ domain: { machine: { type: 'virt' } } }, 'UnsupportedMachineType', /choose q35 or pc/);
  refused({ domain: { machine: { type: 'pc' }, firmware: { bootloader: { efi: {} } } } }, 'UnsupportedFirmware', /q35/);
  refused(
    { domain: { firmware: { bootloader: { efi: { secureBoot: false, persistent: true } } } } },
    'UnsupportedFirmware',
    /persistent/,
  );
  refused({ domain: { firmware: { bootloader: { efi: {} } } } }, 'NoFirmware', /install the package ovmf/, {
    host: { ...host, firmware: { efiCode: undefined, efiSecureCode: undefined } },
  });
  refused(
    { domain: { firmware: { kernelBoot: { container: { image: 'x' } } } } },
    'UnsupportedKernelBoot',
    /boot from a disk/,
  );
  refused({ domain: { memory: {} } }, 'NoMemory', /512Mi/);
  refused({ domain: { clock: { timezone: 'Mars/Olympus' } } }, 'InvalidTimezone', /Olympus/);
  refused({ domain: { devices: { disks: [{ name: 'lost' }] } } }, 'NoVolume', /"lost"/);
  refused({ domain: { devices: { disks: [{ name: 'root', lun: {} }] } } }, 'UnsupportedLun', /bus scsi/);
  refused(
    { domain: { devices: { disks: [{ name: 'root', cache: 'writeback', io: 'native' }] } } },
    'UnsupportedCache',
    /cache none/,
  );
  refused(
    { domain: { devices: { disks: [{ name: 'seed', disk: { bus: 'sata' } }] } } },
    'UnsupportedReadOnly',
    /virtio or scsi/,
  );
  const buffered = new Map([['root', { source: image, directIo: false }]]);
  refused({ domain: { devices: { disks: [{ name: 'root', cache: 'none' }] } } }, 'UnsupportedCache', /writeback/, {
    disks: buffered,
  });
  refused({}, 'TooManyDevices', /16 interfaces/, {
    interfaces: Array.from({ length: 17 }, (_, index) => ({ ...nic, name: `n${index}` })),
  });
  const many = Array.from({ length: 97 }, (_, index) => ({ name: `d${index}` }));
  refused({ domain: { devices: { disks: many } } }, 'TooManyDevices', /96 disks on bus virtio/, {
    disks: new Map(many.map(({ name }) => [name, { source: seed, directIo: true }])),
  });
});

test('as many disks as there is room for have addresses of their own', () => {
  const many = Array.from({ length: 96 }, (_, index) => ({ name: `d${index}` }));
  const plan = planMachine(
    inputWith(machineWith({ domain: { devices: { disks: many } } }), {
      disks: new Map(many.map(({ name }) => [name, { source: seed, directIo: true }])),
    }),
  );
  const disks = jsonOf(plan.argv, '-device').filter(({ driver }) => driver === 'virtio-blk-pci');
  assert.equal(new Set(disks.map(({ addr }) => addr)).size, 96);
  const shared = disks.filter(({ addr }) => String(addr).endsWith('.0'));
  assert.ok(shared.every(({ multifunction }) => multifunction === true));
});

test('O1, O2: a comma in a value never becomes an option', () => {
  const path = '/state/a,file.locking=off,b/"x\\';
  const machine = machineWith({
    domain: {
      firmware: { serial: 'a,uuid=1' },
      cpu: { model: 'max,-sse' },
      devices: { disks: [{ name: 'root', serial: 'x,y=z' }] },
    },
  });
  machine.metadata.name = 'web,process=sh';
  const { argv } = planMachine(
    inputWith(machine, {
      disks: new Map([['root', { source: { ...seed, path }, directIo: true }]]),
      files: { vncSocket: '/run/a,password=on', memoryFile: '/m', efiVariables: undefined },
    }),
  );
  const values = argv.filter((argument) => !argument.startsWith('{'));
  for (const injected of ['process=sh', 'uuid=1', '-sse', 'password=on', 'y=z']) {
    // A single comma before it would end the value; two are one comma inside of it.
    assert.ok(
      values.every((value) => !new RegExp(`(^|[^,]),${injected}`).test(value)),
      injected,
    );
  }
  const [file] = jsonOf(argv, '-blockdev');
  assert.deepEqual([file?.filename, file?.locking], [path, undefined]);
  assert.equal(jsonOf(argv, '-device').find(({ id }) => id === 'disk0-device')?.serial, 'x,y=z');
});

test('O2: keyValues doubles commas in head and values, leaves out what is undefined, and writes switches', () => {
  assert.equal(
    keyValues('a,b', { x: 'c,,d', y: undefined, z: true, n: 0, off: false }),
    'a,,b,x=c,,,,d,z=on,n=0,off=off',
  );
});

test('O3: a NUL is refused', () => {
  refused({ domain: { firmware: { serial: 'a\0b' } } }, 'InvalidValue', /NUL/);
  assert.deepEqual(encodeArguments(['/q', 'ä', '']), Buffer.from('/q\0ä\0\0'));
});
