import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VirtualMachineSpec } from '../api.ts';
import { shapeOf } from '../schema/shape.ts';
import { arbitraryOf } from '../schema/testing/arbitrary.ts';
import { defaultMachine } from './defaults.ts';
import { effectiveMachine } from './effective.ts';
import { sampleMachine } from './testing/sample-machine.ts';

const spec = (given: Partial<VirtualMachineSpec>) => sampleMachine(given).spec;
const effective = (given: Partial<VirtualMachineSpec>) => effectiveMachine(sampleMachine(given)).spec;

test('the smallest machine', () => {
  assert.deepEqual(spec({ domain: { memory: { guest: '1Gi' } }, volumes: [] }), {
    runStrategy: 'Always',
    terminationGracePeriodSeconds: 30,
    domain: {
      cpu: { cores: 1, sockets: 1, threads: 1, model: 'host-model' },
      memory: { guest: '1Gi', backing: 'Memory' },
      machine: { type: 'q35' },
      devices: { interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }] },
    },
    networks: [{ name: 'default', pod: {} }],
    volumes: [],
  });
});

test('memory lies in a file when the machine sleeps, unless said otherwise', () => {
  const idle = { after: '5m' };
  assert.equal(spec({ idle }).domain.memory?.backing, 'File');
  assert.equal(spec({ idle }).idle?.action, 'Suspend');
  assert.equal(
    spec({ idle, domain: { memory: { guest: '1Gi', backing: 'Memory' } } }).domain.memory?.backing,
    'Memory',
  );
});

test('guest memory comes from requests, then limits', () => {
  const resources = { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } };
  assert.equal(spec({ domain: { resources } }).domain.memory?.guest, '1Gi');
  assert.equal(spec({ domain: { resources: { limits: { memory: '2Gi' } } } }).domain.memory?.guest, '2Gi');
  assert.equal(spec({ domain: { resources, memory: { guest: '3Gi' } } }).domain.memory?.guest, '3Gi');
  assert.equal(spec({ domain: {} }).domain.memory, undefined);
});

test('processors come from limits, then requests, unless a topology is given', () => {
  const limits = { cpu: '2500m' };
  assert.equal(spec({ domain: { resources: { limits } } }).domain.cpu?.sockets, 3);
  assert.equal(spec({ domain: { resources: { requests: { cpu: 2 } } } }).domain.cpu?.sockets, 2);
  assert.equal(spec({ domain: { resources: { limits }, cpu: { cores: 4 } } }).domain.cpu?.sockets, 1);
  assert.equal(spec({ domain: { resources: { limits: { cpu: '9999' } } } }).domain.cpu?.sockets, 512);
});

test('volumes without a disk get one, disks without a target are disks', () => {
  const domain = { memory: { guest: '1Gi' }, devices: { disks: [{ name: 'seed', cdrom: {} }, { name: 'bare' }] } };
  assert.deepEqual(effective({ domain }).domain.devices?.disks, [
    { name: 'seed', cdrom: { bus: 'sata' } },
    { name: 'bare', disk: { bus: 'virtio' } },
    { name: 'root', disk: { bus: 'virtio' } },
  ]);
});

test('an interface is only added when neither interfaces nor networks are given', () => {
  const domain = { memory: { guest: '1Gi' } };
  assert.equal(spec({ domain, networks: [{ name: 'n' }] }).domain.devices?.interfaces, undefined);
  assert.deepEqual(effective({ domain, networks: [{ name: 'n' }] }).networks, [{ name: 'n', pod: {} }]);
  const without = spec({ domain: { ...domain, devices: { autoattachPodInterface: false } } });
  assert.equal(without.networks, undefined);
  assert.equal(without.domain.devices?.interfaces, undefined);
  const named = effective({ domain: { ...domain, devices: { interfaces: [{ name: 'n' }] } } });
  assert.deepEqual(named.domain.devices?.interfaces, [{ name: 'n', model: 'virtio', masquerade: {} }]);
});

test('secure boot brings system management mode', () => {
  const efi = spec({ domain: { firmware: { bootloader: { efi: {} } } } });
  assert.equal(efi.domain.firmware?.bootloader?.efi?.secureBoot, true);
  assert.deepEqual(efi.domain.features, { smm: { enabled: true } });
  const open = spec({ domain: { firmware: { bootloader: { efi: { secureBoot: false } } } } });
  assert.equal(open.domain.features, undefined);
});

test('pull policies follow the tag', () => {
  const policy = (image: string) =>
    effective({ volumes: [{ name: 'a', containerDisk: { image } }] }).volumes?.[0]?.containerDisk;
  assert.equal(policy('debian')?.imagePullPolicy, 'Always');
  assert.equal(policy('debian:latest')?.imagePullPolicy, 'Always');
  assert.equal(policy('debian:12')?.imagePullPolicy, 'IfNotPresent');
  assert.equal(policy(`debian@sha256:${'a'.repeat(64)}`)?.imagePullPolicy, 'IfNotPresent');
});

test('nothing is stored inside lists, so that the same file applied again is no change', () => {
  const given = {
    domain: {
      memory: { guest: '1Gi' },
      devices: { disks: [{ name: 'root', disk: {} }], interfaces: [{ name: 'default', ports: [{ port: 80 }] }] },
    },
    networks: [{ name: 'default' }],
    volumes: [
      { name: 'root', containerDisk: { image: 'debian' } },
      { name: 'more', emptyDisk: { capacity: '1Gi' } },
    ],
  } as Partial<VirtualMachineSpec>;
  const stored = spec(structuredClone(given));
  assert.deepEqual(stored.volumes, given.volumes);
  assert.deepEqual(stored.networks, given.networks);
  assert.deepEqual(stored.domain.devices, given.domain?.devices);
  const built = effective(given);
  assert.equal(built.domain.devices?.interfaces?.[0]?.ports?.[0]?.protocol, 'TCP');
  assert.equal(built.domain.devices?.disks?.length, 2);
});

test('D1, D3: any object is borne, and a second time changes nothing', () => {
  const shape = shapeOf('dev.torpor.v1alpha1.VirtualMachineSpec');
  fc.assert(
    fc.property(arbitraryOf(shape), (value) => {
      const machine = { apiVersion: 'a', kind: 'b', metadata: {}, spec: value };
      defaultMachine(machine);
      const once = structuredClone(machine);
      defaultMachine(machine);
      assert.deepEqual(machine, once);
    }),
    { numRuns: 500 },
  );
});
