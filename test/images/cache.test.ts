import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createImageStore, type ImageStore } from '../../launcher/images/image-store.ts';
import { diskLayer, type FakeRegistry, OCI_INDEX, startFakeRegistry } from '../harness/fake-registry.ts';

/** One node, many machines: what is downloaded, what is kept, what is thrown away. */
const MIB = 1 << 20;

describe("the node's cache", () => {
  let directory: string;
  let fake: FakeRegistry;
  let store: ImageStore;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-cache-'));
    fake = await startFakeRegistry();
    store = await createImageStore({ directory: join(directory, 'images'), maxCacheBytes: 5 * MIB });
  });
  afterEach(async () => {
    await store.close();
    await fake.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const add = async (name: string) => fake.add(name, [await diskLayer(randomBytes(2 * MIB))]);
  const caller = (signal = new AbortController().signal, progress: (message: string) => void = () => {}) => ({
    signal,
    progress,
  });
  const use = (image: string) => store.withImage({ image }, caller(), async (disk) => disk);
  const keys = async () => (await readdir(join(directory, 'images'))).filter((name) => name.startsWith('sha256-'));
  const downloads = () => fake.requests.filter(({ path }) => path.includes('/blobs/')).length;

  test('downloads an image once for many machines at once (S1)', async () => {
    const { image } = await add('shared');
    const disks = await Promise.all(Array.from({ length: 10 }, () => use(image)));
    assert.equal(new Set(disks.map((disk) => disk.path)).size, 1);
    assert.equal(downloads(), 1);
  });

  test('goes on for the others when one machine gives up, and tells late comers how far it is (W2, W3)', async () => {
    const { image } = await add('patient');
    let release = () => {};
    fake.misbehave = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      fake.misbehave = () => false;
      const blob = fake.blobs.get(request.url.split('/blobs/')[1] ?? '') ?? Buffer.alloc(0);
      response.writeHead(200, { 'content-length': blob.length });
      response.write(blob.subarray(0, MIB));
      release = () => response.end(blob.subarray(MIB));
      return true;
    };
    const stop = new AbortController();
    const first = store.withImage({ image }, caller(stop.signal), async () => {});
    while (downloads() === 0) await delay(5);
    const messages: string[] = [];
    const second = store.withImage(
      { image },
      caller(undefined, (message) => messages.push(message)),
      async (disk) => disk,
    );
    while (messages.length < 2) await delay(5);
    stop.abort(new Error('deleted'));
    await assert.rejects(first, /deleted/);
    release();
    assert.equal((await second).format, 'raw');
    assert.equal(downloads(), 1);
    assert.match(messages.join('\n'), /asking the registry for image .*\npulling image .*patient:v1/);
  });

  test('finds one disk under all its names, and lists it with them', async () => {
    const { image, digest } = await add('named');
    const first = await use(image);
    const second = await use(`${fake.host}/named@${digest}`);
    assert.equal(first.path, second.path);
    assert.equal(downloads(), 1);
    const [only, ...more] = await store.list();
    assert.deepEqual(more, []);
    assert.deepEqual(only?.names, [image, `${fake.host}/named@${digest}`].sort());
    assert.ok((only?.sizeBytes ?? 0) >= 2 * MIB);
  });

  test('chooses the platform of this node in an index, and says what there is otherwise', async () => {
    const { digest } = await add('multi');
    const index = (architecture: string) => ({
      type: OCI_INDEX,
      body: Buffer.from(
        JSON.stringify({ schemaVersion: 2, manifests: [{ digest, platform: { os: 'linux', architecture } }] }),
      ),
    });
    fake.manifests.set('multi/manifests/v1', index('amd64'));
    assert.equal((await use(`${fake.host}/multi:v1`)).key, digest.replace(':', '-'));
    fake.manifests.set('multi/manifests/v2', index('arm64'));
    await assert.rejects(use(`${fake.host}/multi:v2`), {
      reason: 'ImageNotFound',
      message: /no variant for linux\/amd64; it offers linux\/arm64/,
    });
  });

  test('throws away the least recently used image above its limit, never one that a machine holds (S3, C3)', async () => {
    const images = [await add('one'), await add('two'), await add('three')];
    const held = await use(images[0]?.image ?? '');
    await link(held.path, join(directory, 'of-a-machine')); // as a boot directory does
    await delay(10);
    const second = await use(images[1]?.image ?? '');
    await delay(10);
    await use(images[2]?.image ?? '');
    assert.ok(!(await keys()).includes(second.key), 'the oldest unused one is gone');
    assert.ok((await keys()).includes(held.key), 'the one in use stays');
    assert.equal((await keys()).length, 2);
    await rm(join(directory, 'of-a-machine'));
    await add('four').then(({ image }) => use(image));
    assert.ok(!(await keys()).includes(held.key), 'nobody uses it now');
  });

  test('after a crash removes what was unfinished and keeps what was whole (C2)', async () => {
    const { image } = await add('whole');
    const disk = await use(image);
    await store.close();
    await mkdir(join(directory, 'images', 'partial', 'pull-x'), { recursive: true });
    await writeFile(join(directory, 'images', 'partial', 'pull-x', 'candidate-1'), 'half');
    await writeFile(join(directory, 'images', 'references', 'broken.json'), '{');
    store = await createImageStore({ directory: join(directory, 'images') });
    assert.deepEqual(await readdir(join(directory, 'images', 'partial')), []);
    await fake.stop();
    assert.equal((await use(image)).path, disk.path);
    fake = await startFakeRegistry();
  });

  test('refuses to fill the disk of the node', async () => {
    const { image } = await add('large');
    await store.close();
    store = await createImageStore({ directory: join(directory, 'images'), reservedBytes: 2 ** 50 });
    await assert.rejects(use(image), {
      reason: 'NodeDiskFull',
      message: /no room on this node for image .*: it needs \d+ bytes/,
    });
  });
});
