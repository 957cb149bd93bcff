import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { createImageStore, type ImageStore } from '../../launcher/images/image-store.ts';
import { createVolumes } from '../../launcher/volumes/volumes.ts';
import { diskLayer, type FakeRegistry, startFakeRegistry } from '../harness/fake-registry.ts';
import { createVolumeContext, type FakeContext, machineWith } from '../harness/volume-context.ts';

const run = promisify(execFile);

let directory: string;
let fake: FakeRegistry;
let images: ImageStore;
let context: FakeContext;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-registry-disk-'));
  fake = await startFakeRegistry();
  images = await createImageStore({ directory });
  context = await createVolumeContext();
});
afterEach(async () => {
  await images.close();
  await fake.stop();
  await context.remove();
  await rm(directory, { recursive: true, force: true });
});

test('an overlay over the cached image: QEMU reads the one, writes the other, and the image stays whole', async () => {
  const source = join(directory, 'source.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', source, '4M']);
  await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0x42 0 1M', source]);
  const { image } = fake.add('guest', [await diskLayer(await readFile(source), 'disk/guest.qcow2')]);
  const machine = machineWith([{ name: 'root', registryDisk: { image } }]);
  const volumes = createVolumes({ images });
  const outcome = (await volumes.prepareAll(machine, context)).get('root');
  const base = join(context.bootDirectory, 'root.base.qcow2');
  const overlay = join(context.bootDirectory, 'root.overlay.qcow2');
  assert.deepEqual(outcome, {
    kind: 'ready',
    source: {
      kind: 'file',
      format: 'qcow2',
      path: overlay,
      readOnly: false,
      backing: { kind: 'file', format: 'qcow2', path: base, readOnly: true, backing: undefined },
    },
  });
  const { nlink, uid, mode } = await stat(base);
  assert.deepEqual([nlink, uid, mode & 0o777], [2, process.getuid?.(), 0o444]);

  await chmod(context.bootDirectory, 0o711);
  const blockdev = {
    driver: 'qcow2',
    file: { driver: 'file', filename: overlay },
    backing: { driver: 'qcow2', file: { driver: 'file', filename: base }, backing: null },
  };
  const asQemu = ['setpriv', `--reuid=${context.uid}`, `--regid=${context.gid}`, '--clear-groups', 'qemu-io'];
  const commands = ['read -P 0x42 0 1M', 'write -P 0x43 0 64k', 'read -P 0x43 0 64k'].flatMap((command) => [
    '-c',
    command,
  ]);
  const { stdout } = await run('/usr/bin/env', [...asQemu, ...commands, `json:${JSON.stringify(blockdev)}`]);
  assert.doesNotMatch(stdout, /failed|error/i);
  await run('qemu-io', ['-r', '-f', 'qcow2', '-c', 'read -P 0x42 0 1M', base]);

  assert.deepEqual((await volumes.prepareAll(machine, context)).get('root'), outcome); // V1
  await volumes.cleanupAll(machine, context);
  await volumes.cleanupAll(machine, context);
  assert.deepEqual(await readdir(context.bootDirectory), []);
});

test('within a boot the image is settled once, though the tag moves (R1)', async () => {
  const { image } = fake.add('moving', [await diskLayer(Buffer.alloc(512, 1))]);
  const machine = machineWith([{ name: 'root', containerDisk: { image, imagePullPolicy: 'Always' } }]);
  const volumes = createVolumes({ images });
  await volumes.prepareAll(machine, context);
  fake.add('moving', [await diskLayer(Buffer.alloc(512, 2))]);
  const asked = fake.requests.length;
  await volumes.prepareAll(machine, context);
  assert.equal(fake.requests.length, asked);
  assert.deepEqual(await readFile(join(context.bootDirectory, 'root.base.raw')), Buffer.alloc(512, 1));
  const next = await context.nextBoot();
  await volumes.prepareAll(machine, next);
  assert.deepEqual(await readFile(join(next.bootDirectory, 'root.base.raw')), Buffer.alloc(512, 2));
  await next.remove();
});

test('every volume has its own outcome: a missing Secret, a missing image and a good one beside each other', async () => {
  const { image } = fake.add('good', [await diskLayer(Buffer.alloc(512, 1))]);
  const machine = machineWith([
    { name: 'good', registryDisk: { image } },
    { name: 'absent', registryDisk: { image: `${fake.host}/absent:v1` } },
    { name: 'private', registryDisk: { image, imagePullSecret: 'later' } },
    { name: 'unnamed', registryDisk: { image: 'UPPER CASE' } },
    { name: 'scratch', emptyDisk: { capacity: '1Mi' } },
    { name: 'future' },
  ]);
  const outcomes = await createVolumes({ images }).prepareAll(machine, context);
  assert.deepEqual(
    [...outcomes].map(([name, outcome]) => [name, outcome.kind === 'ready' ? 'ready' : outcome.reason]),
    [
      ['good', 'ready'],
      ['absent', 'ImageNotFound'],
      ['private', 'SecretNotFound'],
      ['unnamed', 'InvalidReference'],
      ['scratch', 'ready'],
      ['future', 'UnsupportedVolume'],
    ],
  );
  assert.match(context.messages.join('\n'), /^good: pulling image .*good:v1$/m);
});

test('a name that would leave the boot directory is refused', async () => {
  const machine = machineWith([{ name: '../escape', emptyDisk: { capacity: '1Mi' } }]);
  const outcome = (await createVolumes({ images }).prepareAll(machine, context)).get('../escape');
  assert.equal(outcome?.kind === 'failed' && outcome.reason, 'VolumeError');
});
