import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachineSpec } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleMachine } from '../testing/sample-machine.ts';
import { validateMachine } from '../validate.ts';
import { dormantFieldWarnings } from './unsupported.ts';

const texts = (spec: Partial<VirtualMachineSpec>) => validateMachine(sampleMachine(spec)).map(fieldErrorText);
const warnings = (spec: Partial<VirtualMachineSpec>) => dormantFieldWarnings(sampleMachine(spec).spec);

test('what would come out as something else is refused', () => {
  const memory = { guest: '1Gi' };
  const kernelBoot = { container: { image: 'k:1', kernelPath: '/vmlinuz' } };
  assert.deepEqual(texts({ domain: { memory, firmware: { kernelBoot } } }), [
    'spec.domain.firmware.kernelBoot: Forbidden: is not supported by this version; boot from a disk',
  ]);
  assert.deepEqual(
    texts({ readinessProbe: { guestAgentPing: {} }, livenessProbe: { tcpSocket: { port: 80 } } }).map((text) =>
      text.slice(0, text.indexOf(':')),
    ),
    ['spec.readinessProbe', 'spec.livenessProbe'],
  );
  const source = { secret: { secretName: 's' } };
  const accessCredentials = [
    { sshPublicKey: { source, propagationMethod: { noCloud: {} } } },
    { sshPublicKey: { source, propagationMethod: { qemuGuestAgent: { users: ['root'] } } } },
    { userPassword: { source, propagationMethod: { qemuGuestAgent: {} } } },
  ];
  assert.deepEqual(
    texts({ accessCredentials }).map((text) => text.slice(0, text.indexOf(':'))),
    [
      'spec.accessCredentials[1].sshPublicKey.propagationMethod.qemuGuestAgent',
      'spec.accessCredentials[2].userPassword',
    ],
  );
});

test('what only waits for a later version is kept with a warning', () => {
  assert.deepEqual(warnings({}), []);
  assert.deepEqual(warnings({ idle: { after: '5m' } }), [
    'spec.idle is kept and has no effect: this version does not put machines to sleep',
  ]);
  assert.deepEqual(texts({ idle: { after: '5m' } }), []);
  const grown = { domain: { memory: { guest: '1Gi', maxGuest: '2Gi' } } };
  assert.equal(warnings({ ...grown, evictionStrategy: 'LiveMigrate', priorityClassName: 'high' }).length, 3);
  assert.deepEqual(warnings({ evictionStrategy: 'None' }), []);
  assert.deepEqual(warnings({ domain: { memory: { guest: '1Gi', maxGuest: '1024Mi' } } }), []);
});
