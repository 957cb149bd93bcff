import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Domain } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleMachine } from '../testing/sample-machine.ts';
import { hardwareErrors } from './hardware.ts';

const memory = { guest: '512Mi' };
const texts = (domain: Domain) =>
  hardwareErrors(sampleMachine({ domain: { memory, ...domain } }).spec.domain, 'spec.domain').map(fieldErrorText);
const guest = (value: string | number) => texts({ memory: { guest: value } });

test('memory of the guest', () => {
  assert.deepEqual(hardwareErrors(sampleMachine({ domain: {} }).spec.domain, 'spec.domain').map(fieldErrorText), [
    'spec.domain.memory.guest: Required value: the memory of the guest must be given, for example 512Mi',
  ]);
  assert.deepEqual(guest('512Mi'), []);
  assert.deepEqual(guest(536870912), []);
  assert.deepEqual(guest('0'), ['spec.domain.memory.guest: Invalid value: "0": must be greater than 0']);
  assert.deepEqual(guest('-1Gi'), ['spec.domain.memory.guest: Invalid value: "-1Gi": must be greater than 0']);
  assert.deepEqual(guest('512'), ['spec.domain.memory.guest: Invalid value: "512": must be at least 1Mi']);
  assert.deepEqual(guest('1Pi'), ['spec.domain.memory.guest: Invalid value: "1Pi": must not be more than 16Ti']);
});

test('memory that may be plugged in is not less', () => {
  assert.deepEqual(texts({ memory: { guest: '1Gi', maxGuest: '1024Mi' } }), []);
  assert.deepEqual(texts({ memory: { guest: '1Gi', maxGuest: '512Mi' } }), [
    'spec.domain.memory.maxGuest: Invalid value: "512Mi": must not be less than spec.domain.memory.guest 1Gi',
  ]);
  assert.equal(texts({ memory: { guest: '1Gi', maxGuest: '1Pi' } }).length, 1);
});

test('resources: only cpu and memory, not negative, requests within limits', () => {
  assert.deepEqual(texts({ resources: { requests: { 'example.com/gpu': '1' } } }), [
    'spec.domain.resources.requests.example.com/gpu: Unsupported value: "example.com/gpu": supported values: "cpu", "memory"',
  ]);
  assert.deepEqual(texts({ resources: { limits: { cpu: '-1' } } }), [
    'spec.domain.resources.limits.cpu: Invalid value: "-1": must be greater than or equal to 0',
  ]);
  assert.deepEqual(texts({ resources: { requests: { cpu: '2' }, limits: { cpu: '1500m' } } }), [
    'spec.domain.resources.requests.cpu: Invalid value: "2": must be less than or equal to cpu limit',
  ]);
  assert.deepEqual(texts({ resources: { limits: { memory: '256Mi' } } }), [
    'spec.domain.memory.guest: Invalid value: "512Mi": must be equal to or less than the memory limit spec.domain.resources.limits.memory 256Mi',
  ]);
});

test('at most 512 processors', () => {
  assert.deepEqual(texts({ cpu: { cores: 16, sockets: 16, threads: 2 } }), []);
  assert.deepEqual(texts({ cpu: { cores: 257, sockets: 2 } }), [
    'spec.domain.cpu: Invalid value: 514: cores × sockets × threads must not be more than 512',
  ]);
});

test('one of bios and efi; secure boot with q35 and system management mode', () => {
  const loader = (bootloader: object, more: Domain = {}) => texts({ firmware: { bootloader }, ...more });
  assert.deepEqual(loader({ bios: {} }), []);
  assert.deepEqual(loader({ efi: {} }), []);
  assert.deepEqual(loader({ efi: {} }, { machine: { type: 'pc-q35-7.2' } }), []);
  assert.deepEqual(loader({}), ['spec.domain.firmware.bootloader: Required value: must be one of bios and efi']);
  assert.deepEqual(loader({ bios: {}, efi: { secureBoot: false } }), [
    'spec.domain.firmware.bootloader.efi: Forbidden: may not be given together with bios',
  ]);
  const at = 'spec.domain.firmware.bootloader.efi.secureBoot: Invalid value: true';
  assert.deepEqual(loader({ efi: {} }, { features: { smm: { enabled: false } } }), [
    `${at}: secure boot needs system management mode; enable spec.domain.features.smm or set secureBoot to false`,
  ]);
  assert.deepEqual(loader({ efi: {} }, { machine: { type: 'pc' } }), [
    `${at}: secure boot needs machine type q35, not pc; set secureBoot to false or the type to q35`,
  ]);
  assert.deepEqual(loader({ efi: { secureBoot: false } }, { machine: { type: 'pc' } }), []);
});

test('a kernel from an image', () => {
  const at = 'spec.domain.firmware.kernelBoot';
  const boot = (container: object, kernelArgs?: string) =>
    texts({
      firmware: {
        kernelBoot: { container: { image: 'k:1', ...container }, ...(kernelArgs === undefined ? {} : { kernelArgs }) },
      },
    });
  assert.deepEqual(boot({ kernelPath: '/boot/vmlinuz' }, 'console=ttyS0'), []);
  assert.deepEqual(boot({}), [
    `${at}.container.kernelPath: Required value: kernelPath, initrdPath or both must be given`,
  ]);
  assert.deepEqual(boot({ initrdPath: '/i' }, 'quiet'), [
    `${at}.kernelArgs: Invalid value: "quiet": needs container.kernelPath`,
  ]);
  assert.deepEqual(boot({ kernelPath: 'vmlinuz' }), [
    `${at}.container.kernelPath: Invalid value: "vmlinuz": must be an absolute path`,
  ]);
  assert.deepEqual(boot({ kernelPath: '/../etc/shadow' }), [
    `${at}.container.kernelPath: Invalid value: "/../etc/shadow": must not contain '..'`,
  ]);
  assert.deepEqual(boot({ kernelPath: '/boot/' }), [
    `${at}.container.kernelPath: Invalid value: "/boot/": must name a file`,
  ]);
  assert.equal(boot({ kernelPath: '/k', image: 'No Image' }).length, 1);
  assert.equal(boot({ kernelPath: '/k', imagePullSecret: 'Not A Name' }).length, 1);
});

test('one clock, of a zone that exists', () => {
  assert.deepEqual(texts({ clock: { timezone: 'Europe/Berlin' } }), []);
  assert.deepEqual(texts({ clock: { utc: { offsetSeconds: 60 } } }), []);
  assert.deepEqual(texts({ clock: { utc: {}, timezone: 'UTC' } }), [
    'spec.domain.clock.timezone: Forbidden: may not be given together with utc',
  ]);
  assert.match(texts({ clock: { timezone: 'Mars/Base' } })[0] ?? '', /must be a zone of the IANA database/);
  assert.equal(texts({ clock: { timezone: '' } }).length, 1);
});
