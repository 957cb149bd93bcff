import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../openapi/api.ts';
import { makeDirectory, refusal, removeDirectory, volumeNameOf } from './provision.ts';

const uid = '0b7e8f5c-1111-4222-8333-123456789abc';
const claim = (spec: PersistentVolumeClaimSpec = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'default', uid },
  spec,
});

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'torpor-claims-'));
});
after(() => rm(root, { recursive: true }));

test('the directory is named after the uid and nothing else', () => {
  assert.equal(volumeNameOf(claim()), `pvc-${uid}`);
  for (const bad of ['', '../x', `${uid}/..`, uid.toUpperCase()]) {
    assert.throws(() => volumeNameOf({ ...claim(), metadata: { uid: bad } }), /no UUID/);
  }
});

test('what cannot be served is refused with what to do', () => {
  assert.equal(refusal(claim()), undefined);
  assert.equal(refusal(claim({ storageClassName: 'directory', volumeName: `pvc-${uid}` })), undefined);
  assert.match(refusal(claim({ storageClassName: 'fast' })) ?? '', /storageClassName "fast" is unknown; leave it out/);
  assert.match(refusal(claim({ storageClassName: '' })) ?? '', /leave it out/);
  assert.match(refusal(claim({ volumeMode: 'Block' })) ?? '', /volumeMode Block is not offered/);
  assert.match(refusal(claim({ selector: {} })) ?? '', /spec.selector is not supported/);
  assert.match(refusal(claim({ volumeName: 'mine' })) ?? '', /"mine" does not exist/);
});

test('making and removing are idempotent, and removing follows no link', async () => {
  const outside = join(root, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'kept'), '');
  const claims = join(root, 'claims');
  await makeDirectory(claims, 'pvc-a');
  await makeDirectory(claims, 'pvc-a');
  assert.equal((await stat(join(claims, 'pvc-a'))).mode & 0o777, 0o711);
  await writeFile(join(claims, 'pvc-a', 'disk.img'), 'x');
  await symlink(outside, join(claims, 'pvc-a', 'link'));
  await removeDirectory(claims, 'pvc-a');
  await removeDirectory(claims, 'pvc-a');
  assert.deepEqual(await readdir(claims), []);
  assert.deepEqual(await readdir(outside), ['kept']);
});
