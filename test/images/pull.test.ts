import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { push } from '../../hack/images/push.ts';
import { createImageStore, type ImageStore } from '../../launcher/images/image-store.ts';
import { type DockerRegistry, startDockerRegistry } from '../harness/docker-registry.ts';

const run = promisify(execFile);
const caller = () => ({ signal: new AbortController().signal, progress: () => {} });

let registry: DockerRegistry;
let directory: string;
let store: ImageStore;

before(async () => {
  registry = await startDockerRegistry();
  directory = await mkdtemp(join(tmpdir(), 'torpor-pull-'));
  store = await createImageStore({ directory: join(directory, 'images') });
});

after(async () => {
  await store.close();
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

test('a raw disk from a real registry arrives byte for byte, read-only, with its holes', async () => {
  const disk = join(directory, 'raw.img');
  const bytes = Buffer.concat([randomBytes(100_000), Buffer.alloc(4 << 20), randomBytes(512 * 3), Buffer.alloc(96, 1)]);
  await writeFile(disk, Buffer.concat([bytes, Buffer.alloc(512 - (bytes.length % 512))]));
  await push(disk, `${registry.host}/raw:v1`);
  await store.withImage({ image: `${registry.host}/raw:v1` }, caller(), async (image) => {
    assert.equal(image.format, 'raw');
    assert.deepEqual(await readFile(image.path), await readFile(disk));
    const { mode, uid, blocks, size } = await stat(image.path);
    assert.equal(mode & 0o777, 0o444);
    assert.equal(uid, process.getuid?.());
    assert.ok(blocks * 512 < size / 2, 'zeros are holes');
  });
});

test('a qcow2 disk is told by its header and read by QEMU before it is used', async () => {
  const disk = join(directory, 'disk.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '3G']);
  await push(disk, `${registry.host}/cow:v1`);
  const image = await store.withImage({ image: `${registry.host}/cow:v1` }, caller(), async (image) => image);
  assert.equal(image.format, 'qcow2');
  assert.equal(image.virtualSize, 3n << 30n);
  assert.match(image.path, /sha256-[0-9a-f]{64}\/disk\.qcow2$/);
  assert.deepEqual(await readdir(join(directory, 'images', 'partial')), []);
});

test('with IfNotPresent a machine starts although the registry is gone; with Always it does not', async () => {
  const other = await startDockerRegistry();
  const disk = join(directory, 'small.raw');
  await writeFile(disk, randomBytes(4096));
  const image = `${other.host}/small:v1`;
  await push(disk, image);
  await store.withImage({ image }, caller(), async () => {});
  await other.stop();
  await store.withImage({ image }, caller(), async () => {});
  await assert.rejects(
    store.withImage({ image, pullPolicy: 'Always' }, caller(), async () => {}),
    {
      reason: 'RegistryUnavailable',
      message: /refuses connections: check that it runs/,
    },
  );
});

test('Never uses what is there and pulls nothing', async () => {
  const disk = join(directory, 'never.raw');
  await writeFile(disk, randomBytes(4096));
  const image = `${registry.host}/never:v1`;
  await push(disk, image);
  await assert.rejects(
    store.withImage({ image, pullPolicy: 'Never' }, caller(), async () => {}),
    {
      reason: 'ImageNotFound',
      message: /imagePullPolicy is Never/,
    },
  );
  await store.withImage({ image }, caller(), async () => {});
  await store.withImage({ image, pullPolicy: 'Never' }, caller(), async () => {});
});

test('an image that is not there says so', async () => {
  await assert.rejects(
    store.withImage({ image: `${registry.host}/nothing:v1` }, caller(), async () => {}),
    {
      reason: 'ImageNotFound',
      message: /nothing:v1 does not exist in registry/,
    },
  );
});
