import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { push } from '../../hack/images/push.ts';
import { type DockerRegistry, startDockerRegistry } from '../harness/docker-registry.ts';

let registry: DockerRegistry;
let directory: string;

before(async () => {
  registry = await startDockerRegistry();
  directory = await mkdtemp(join(tmpdir(), 'torpor-push-'));
});

after(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

test('a pushed disk is stored under a digest that does not vary, and is not uploaded again', async () => {
  const disk = join(directory, 'disk.raw');
  await writeFile(disk, randomBytes(3 << 20));
  const first = await push(disk, `${registry.host}/demo/disk:v1`);
  assert.equal(first.layerExisted, false);
  const second = await push(disk, `${registry.host}/demo/disk:v2`);
  assert.deepEqual(second, { digest: first.digest, layerExisted: true });
  const manifest = await fetch(`http://${registry.host}/v2/demo/disk/manifests/v2`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  assert.equal(manifest.headers.get('docker-content-digest'), first.digest);
});

test('a registry that is not there is an error that names disk and destination', async () => {
  const disk = join(directory, 'small.raw');
  await writeFile(disk, Buffer.alloc(512));
  await assert.rejects(
    push(disk, '127.0.0.1:1/demo:v1'),
    /small\.raw to 127\.0\.0\.1:1\/demo:v1 failed: registry 127\.0\.0\.1:1 cannot be reached/,
  );
});
