import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Devices, Disk, Volume } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleEffective } from '../testing/sample-machine.ts';
import { deviceErrors } from './devices.ts';

const claim: Volume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
const image: Volume = { name: 'root', registryDisk: { image: 'debian:12' } };
const domain = (devices: Devices) => ({ memory: { guest: '1Gi' }, devices });
const errorsOf = (devices: Devices, volumes: Volume[] = [image, claim]) =>
  deviceErrors(sampleEffective({ domain: domain(devices), volumes }).spec, 'spec').map(fieldErrorText);
const disk = (disk: Disk) => errorsOf({ disks: [disk] });
const at = 'spec.domain.devices.disks[0]';

test('every disk has its volume, every volume its disk', () => {
  assert.deepEqual(errorsOf({}), []);
  assert.deepEqual(disk({ name: 'gone' }), [`${at}.name: Not found: "gone": no volume in spec.volumes has this name`]);
  const { spec } = sampleEffective({ volumes: [image] });
  spec.domain.devices = { disks: [] };
  assert.deepEqual(deviceErrors(spec, 'spec').map(fieldErrorText), [
    'spec.volumes[0].name: Invalid value: "root": no disk in spec.domain.devices.disks has this name',
  ]);
});

test('one of disk, cdrom and lun', () => {
  assert.deepEqual(disk({ name: 'root', disk: {}, cdrom: {} }), [
    `${at}.cdrom: Forbidden: may not be given together with disk`,
  ]);
  assert.deepEqual(disk({ name: 'root', disk: {}, cdrom: {}, lun: {} }).length, 3);
  const { spec } = sampleEffective({ volumes: [image] });
  spec.domain.devices = { disks: [{ name: 'root' }] };
  assert.deepEqual(deviceErrors(spec, 'spec').map(fieldErrorText), [
    `${at}: Required value: must be one of disk, cdrom and lun`,
  ]);
});

test('a lun shows a claim', () => {
  assert.deepEqual(disk({ name: 'data', lun: {} }), []);
  assert.deepEqual(disk({ name: 'root', lun: {} }), [
    `${at}.lun: Invalid value: "root": a lun can only show a volume of persistentVolumeClaim`,
  ]);
});

test('io, cache and sharing fit together', () => {
  assert.deepEqual(disk({ name: 'data', io: 'native', cache: 'none' }), []);
  assert.deepEqual(disk({ name: 'data', io: 'native' }), [`${at}.io: Invalid value: "native": needs cache none`]);
  assert.deepEqual(disk({ name: 'data', io: 'native', cache: 'writeback' }).length, 1);
  assert.deepEqual(disk({ name: 'data', shareable: true }), []);
  assert.deepEqual(disk({ name: 'data', shareable: true, cache: 'writeback' }), [
    `${at}.cache: Invalid value: "writeback": must be none for a disk that is shareable`,
  ]);
  assert.deepEqual(disk({ name: 'root', shareable: true }), [
    `${at}.shareable: Invalid value: true: only a volume of persistentVolumeClaim can be shared`,
  ]);
});

test('a place in the boot order is given once, over disks and interfaces', () => {
  const disks = [
    { name: 'root', bootOrder: 1 },
    { name: 'data', bootOrder: 2 },
  ];
  assert.deepEqual(errorsOf({ disks }), []);
  assert.deepEqual(errorsOf({ disks: disks.map((one) => ({ ...one, bootOrder: 1 })) }), [
    'spec.domain.devices.disks[1].bootOrder: Duplicate value: 1',
  ]);
  assert.deepEqual(errorsOf({ disks, interfaces: [{ name: 'default', bootOrder: 2 }] }), [
    'spec.domain.devices.interfaces[0].bootOrder: Duplicate value: 2',
  ]);
});
