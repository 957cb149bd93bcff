import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interface, Network, Port } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleEffective } from '../testing/sample-machine.ts';
import { networkErrors, portNameError } from './network.ts';

const texts = (interfaces: Interface[], networks: Network[] = [{ name: 'n' }]) =>
  networkErrors(
    sampleEffective({ domain: { memory: { guest: '1Gi' }, devices: { interfaces } }, networks }).spec,
    'spec',
  ).map(fieldErrorText);
const at = 'spec.domain.devices.interfaces[0]';
const one = (more: Partial<Interface>) => texts([{ name: 'n', ...more }]);
const ports = (...list: Port[]) => one({ ports: list });

test('interfaces and networks belong together by name', () => {
  assert.deepEqual(one({}), []);
  assert.deepEqual(texts([{ name: 'n' }, { name: 'm' }]), [
    'spec.domain.devices.interfaces[1].name: Not found: "m": no network in spec.networks has this name',
  ]);
  assert.deepEqual(texts([], [{ name: 'n' }]), [
    'spec.networks[0].name: Invalid value: "n": no interface in spec.domain.devices.interfaces has this name',
  ]);
  assert.deepEqual(texts([{ name: 'a.b' }], [{ name: 'a.b' }]).length, 2);
});

test('one network is the pod network', () => {
  assert.deepEqual(texts([{ name: 'n' }, { name: 'm' }], [{ name: 'n' }, { name: 'm' }]), [
    'spec.networks[1].pod: Forbidden: only one network can be the pod network, and "n" is it already',
  ]);
});

test('binding and kind must be there', () => {
  const { spec } = sampleEffective();
  spec.domain.devices = { interfaces: [{ name: 'n' }] };
  spec.networks = [{ name: 'n' }];
  assert.deepEqual(networkErrors(spec, 'spec').map(fieldErrorText), [
    `${at}.masquerade: Required value: a binding must be given`,
    'spec.networks[0].pod: Required value: a kind of network must be given',
  ]);
});

test('addresses of cards', () => {
  assert.deepEqual(one({ macAddress: '52:54:00:12:34:56' }), []);
  assert.deepEqual(one({ macAddress: '52-54-00-12-34-5A' }), []);
  for (const [macAddress, why] of [
    ['02:00:00:00:00:00', 'is reserved for the bridge of the machine'],
    ['00:00:00:00:00:00', 'must not be zero'],
    ['53:54:00:12:34:56', 'must be a unicast address (even first byte)'],
  ] as const) {
    assert.deepEqual(one({ macAddress }), [`${at}.macAddress: Invalid value: "${macAddress}": ${why}`]);
  }
  const macAddress = '52:54:00:12:34:56';
  const twice = texts(
    [
      { name: 'n', macAddress },
      { name: 'm', macAddress: macAddress.replaceAll(':', '-') },
    ],
    [{ name: 'n' }, { name: 'm' }],
  );
  assert.ok(twice.some((text) => text.includes('interfaces[1].macAddress: Duplicate value')));
});

test('ports are in range and their names unique', () => {
  assert.deepEqual(ports({ port: 1 }, { port: 65535, name: 'http' }, { port: 53, protocol: 'UDP', name: 'dns' }), []);
  for (const port of [0, -1, 65536, 70000]) {
    assert.deepEqual(ports({ port }), [
      `${at}.ports[0].port: Invalid value: ${port}: must be between 1 and 65535, inclusive`,
    ]);
  }
  assert.deepEqual(ports({ port: 80, name: 'http' }, { port: 81, name: 'http' }), [
    `${at}.ports[1].name: Duplicate value: "http"`,
  ]);
  assert.deepEqual(ports({ port: 80, name: 'Http' }).length, 1);
});

test('names of ports are names of services', () => {
  assert.equal(portNameError('http-alt'), undefined);
  for (const name of ['', 'a'.repeat(16), 'A', '80', 'a--b', '-a', 'a-', 'a_b']) assert.ok(portNameError(name), name);
});
