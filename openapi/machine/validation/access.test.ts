import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessCredential, Probe, VirtualMachineSpec } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleEffective } from '../testing/sample-machine.ts';
import { accessErrors } from './access.ts';

const texts = (spec: Partial<VirtualMachineSpec>) =>
  accessErrors(sampleEffective(spec).spec, 'spec').map(fieldErrorText);
const probe = (readinessProbe: Probe) => texts({ readinessProbe });
const source = { secret: { secretName: 'keys' } };
const credential = (one: AccessCredential) => texts({ accessCredentials: [one] });

test('exactly one handler', () => {
  assert.deepEqual(probe({ guestAgentPing: {} }), []);
  assert.deepEqual(probe({}), [
    'spec.readinessProbe: Required value: must specify one of exec, guestAgentPing, httpGet, tcpSocket',
  ]);
  assert.deepEqual(probe({ exec: { command: ['true'] }, tcpSocket: { port: 80 } }), [
    'spec.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
  ]);
});

test('ports of probes are numbers or names of ports', () => {
  assert.deepEqual(probe({ httpGet: { port: 80 } }), []);
  assert.deepEqual(probe({ tcpSocket: { port: 0 } }), [
    'spec.readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive',
  ]);
  assert.deepEqual(probe({ tcpSocket: { port: 'http' } }), [
    'spec.readinessProbe.tcpSocket.port: Not found: "http": no port of an interface has this name',
  ]);
  assert.equal(probe({ tcpSocket: { port: 'No Name' } }).length, 1);
  const devices = { interfaces: [{ name: 'n', ports: [{ port: 80, name: 'http' }] }] };
  const spec = { domain: { memory: { guest: '1Gi' }, devices }, networks: [{ name: 'n' }] };
  assert.deepEqual(texts({ ...spec, readinessProbe: { httpGet: { port: 'http' } } }), []);
});

test('a probe over the network needs one', () => {
  const domain = { memory: { guest: '1Gi' }, devices: { autoattachPodInterface: false } };
  assert.deepEqual(texts({ domain, readinessProbe: { tcpSocket: { port: 80 } } }), [
    'spec.readinessProbe.tcpSocket: Forbidden: is only possible for a machine on the pod network',
  ]);
});

test('one success is enough for liveness', () => {
  assert.deepEqual(texts({ livenessProbe: { guestAgentPing: {}, successThreshold: 2 } }), [
    'spec.livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ]);
});

test('credentials have one kind and one way into the guest', () => {
  const users = { qemuGuestAgent: { users: ['root'] } };
  assert.deepEqual(credential({ sshPublicKey: { source, propagationMethod: users } }), []);
  assert.deepEqual(credential({ sshPublicKey: { source, propagationMethod: { noCloud: {} } } }), []);
  assert.deepEqual(credential({ userPassword: { source, propagationMethod: { qemuGuestAgent: {} } } }), []);
  const at = 'spec.accessCredentials[0]';
  assert.deepEqual(credential({}), [`${at}: Required value: must be one of sshPublicKey and userPassword`]);
  assert.deepEqual(credential({ sshPublicKey: { source, propagationMethod: {} } }), [
    `${at}.sshPublicKey.propagationMethod: Required value: must be one of noCloud and qemuGuestAgent`,
  ]);
  assert.deepEqual(credential({ sshPublicKey: { source, propagationMethod: { ...users, noCloud: {} } } }), [
    `${at}.sshPublicKey.propagationMethod.qemuGuestAgent: Forbidden: may not be given together with noCloud`,
  ]);
  const both = {
    sshPublicKey: { source, propagationMethod: users },
    userPassword: { source, propagationMethod: { qemuGuestAgent: {} } },
  };
  assert.equal(credential(both).length, 1);
  const bad = { secret: { secretName: 'No Name' } };
  assert.equal(credential({ sshPublicKey: { source: bad, propagationMethod: users } }).length, 1);
});

test('keys by cloud-init need its volume', () => {
  const accessCredentials = [{ sshPublicKey: { source, propagationMethod: { noCloud: {} } } }];
  assert.deepEqual(texts({ accessCredentials, volumes: [] }), [
    'spec.accessCredentials[0].sshPublicKey.propagationMethod.noCloud: Invalid value: {}: needs a volume of cloudInitNoCloud',
  ]);
});
