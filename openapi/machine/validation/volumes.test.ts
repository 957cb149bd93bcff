import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CloudInitNoCloudSource, Volume } from '../../api.ts';
import { fieldErrorText } from '../../machinery/errors.ts';
import { sampleMachine } from '../testing/sample-machine.ts';
import { volumeErrors } from './volumes.ts';

const volume = (more: Partial<Volume>) =>
  volumeErrors(sampleMachine({ volumes: [{ name: 'v', ...more }] }).spec, 'spec').map(fieldErrorText);
const at = 'spec.volumes[0]';

test('exactly one source', () => {
  assert.deepEqual(volume({}), [
    `${at}: Required value: must specify a volume source, one of registryDisk, containerDisk, cloudInitNoCloud, emptyDisk, persistentVolumeClaim, ephemeral, configMap, secret`,
  ]);
  assert.deepEqual(volume({ emptyDisk: { capacity: '1Gi' }, configMap: { name: 'c' } }), [
    `${at}.configMap: Forbidden: may not specify more than 1 volume source`,
  ]);
});

test('every source in order', () => {
  const claim = { claimName: 'data' };
  for (const source of [
    { registryDisk: { image: 'registry.example/debian:12', path: '/disk/a.qcow2', imagePullSecret: 'pull' } },
    { containerDisk: { image: 'debian' } },
    { cloudInitNoCloud: { secretRef: { name: 's' }, networkDataBase64: 'aGVsbG8=' } },
    { emptyDisk: { capacity: '1Gi' } },
    { persistentVolumeClaim: claim },
    { ephemeral: { persistentVolumeClaim: claim } },
    { configMap: { name: 'c', volumeLabel: 'CFG-1' } },
    { secret: { secretName: 's' } },
  ] satisfies Partial<Volume>[]) {
    assert.deepEqual(volume(source), []);
  }
});

test('names', () => {
  const { spec } = sampleMachine({ volumes: [{ name: 'Root', emptyDisk: { capacity: '1Gi' } }] });
  assert.match(
    volumeErrors(spec, 'spec').map(fieldErrorText)[0] ?? '',
    /^spec\.volumes\[0\]\.name: Invalid value: "Root"/,
  );
  const bad = 'Not A Name';
  assert.match(
    volume({ persistentVolumeClaim: { claimName: bad } })[0] ?? '',
    /persistentVolumeClaim\.claimName: Invalid/,
  );
  assert.match(
    volume({ ephemeral: { persistentVolumeClaim: { claimName: bad } } })[0] ?? '',
    /ephemeral\.persistentVolumeClaim\.claimName: Invalid/,
  );
  assert.match(volume({ configMap: { name: bad } })[0] ?? '', /configMap\.name: Invalid/);
  assert.match(volume({ secret: { secretName: bad } })[0] ?? '', /secret\.secretName: Invalid/);
  assert.match(volume({ secret: { secretName: 's', volumeLabel: 'a b' } })[0] ?? '', /secret\.volumeLabel: Invalid/);
});

test('images', () => {
  assert.deepEqual(volume({ registryDisk: { image: 'https://x' } }), [
    `${at}.registryDisk.image: Invalid value: "https://x": must be an image reference such as registry.example/debian:12 or registry.example/debian@sha256:…`,
  ]);
  assert.deepEqual(volume({ containerDisk: { image: 'a', path: '/disk/../../etc/shadow' } }), [
    `${at}.containerDisk.path: Invalid value: "/disk/../../etc/shadow": must not contain '..'`,
  ]);
  assert.match(volume({ registryDisk: { image: 'a', imagePullSecret: 'A B' } })[0] ?? '', /imagePullSecret: Invalid/);
});

test('an empty disk has a size', () => {
  for (const capacity of ['0', '-1Gi']) {
    assert.deepEqual(volume({ emptyDisk: { capacity } }), [
      `${at}.emptyDisk.capacity: Invalid value: "${capacity}": must be greater than 0`,
    ]);
  }
});

const seed = (cloudInitNoCloud: CloudInitNoCloudSource) => volume({ cloudInitNoCloud });
const source = `${at}.cloudInitNoCloud`;

test('user data and network data come from one place each', () => {
  assert.deepEqual(seed({}), [
    `${source}: Required value: must specify one of userData, userDataBase64, secretRef, or one of networkData, networkDataBase64, networkDataSecretRef`,
  ]);
  assert.deepEqual(seed({ networkData: 'version: 2' }), []);
  assert.deepEqual(seed({ userData: 'a', userDataBase64: 'YQ==', secretRef: { name: 's' } }), [
    `${source}.userDataBase64: Forbidden: may not be given together with userData`,
    `${source}.secretRef: Forbidden: may not be given together with userData`,
  ]);
  assert.deepEqual(seed({ networkData: 'a', networkDataSecretRef: { name: 's' } }), [
    `${source}.networkDataSecretRef: Forbidden: may not be given together with networkData`,
  ]);
  assert.deepEqual(seed({ secretRef: {} }), [`${source}.secretRef.name: Required value`]);
});

test('data inside the object is small and decodes, and is not repeated in the error', () => {
  const advice = 'put larger data into a Secret under the key userdata and name it in secretRef';
  assert.deepEqual(seed({ userData: 'x'.repeat(2048) }), []);
  assert.deepEqual(seed({ userData: 'x'.repeat(2049) }), [
    `${source}.userData: Too long: may not be more than 2048 bytes; ${advice}`,
  ]);
  assert.deepEqual(seed({ userData: 'ä'.repeat(1025) }).length, 1);
  assert.deepEqual(seed({ userDataBase64: Buffer.alloc(2048).toString('base64') }), []);
  assert.deepEqual(seed({ userDataBase64: Buffer.alloc(2049).toString('base64') }).length, 1);
  assert.deepEqual(seed({ userDataBase64: 'geheim!' }), [
    `${source}.userDataBase64: Invalid value: "<not shown>": must be valid base64`,
  ]);
});
