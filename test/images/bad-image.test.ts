import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createImageStore, type ImageStore } from '../../launcher/images/image-store.ts';
import {
  diskLayer,
  type FakeEntry,
  type FakeLayer,
  type FakeRegistry,
  gzipped,
  OCI_LAYER,
  startFakeRegistry,
  tarOf,
} from '../harness/fake-registry.ts';

/** What hostile or careless people put into images. None of it reaches a guest or leaves a trace in the cache. */
const run = promisify(execFile);
const DISK = randomBytes(64 * 512);
const caller = () => ({ signal: new AbortController().signal, progress: () => {} });

describe('an image that is not as it should be', () => {
  let directory: string;
  let scratch: string;
  let fake: FakeRegistry;
  let store: ImageStore;
  let count = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-bad-image-'));
    scratch = await mkdtemp(join(tmpdir(), 'torpor-bad-image-'));
    fake = await startFakeRegistry();
    store = await createImageStore({ directory, maxDiskBytes: 8 << 20 });
  });
  after(async () => {
    await store.close();
    await fake.stop();
    await rm(directory, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  });

  const use = (layers: readonly FakeLayer[], path?: string) =>
    store.withImage({ image: fake.add(`image-${count++}`, layers).image, path }, caller(), (disk) =>
      readFile(disk.path),
    );
  const refused = async (layers: readonly FakeLayer[], reason: string, message: RegExp, path?: string) => {
    const before = await readdir(directory);
    await assert.rejects(use(layers, path), { name: 'ImageError', reason, message });
    assert.deepEqual(await readdir(directory), before);
    assert.deepEqual(await readdir(join(directory, 'partial')), []);
  };
  const layerOf = async (...entries: FakeEntry[]): Promise<FakeLayer> => ({ bytes: await tarOf(entries) });
  const diskOf = async (...command: string[]) => {
    const path = join(scratch, `disk-${count++}`);
    await run(
      'qemu-img',
      command.map((word) => (word === 'DISK' ? path : word)),
    );
    return readFile(path);
  };

  describe('in its archive', () => {
    for (const name of ['../disk/disk.img', 'disk/../../../etc/cron.d/x', '/disk/../disk/disk.img']) {
      test(`the name ${name} is refused`, async () => {
        await refused(
          [await layerOf({ name, content: DISK })],
          'InvalidImage',
          /names a file ".*" that points outside of it/,
        );
      });
    }

    test('an absolute name is taken as one inside the image', async () => {
      assert.deepEqual(await use([await layerOf({ name: '/disk/disk.img', content: DISK })]), DISK);
      assert.deepEqual(await use([await layerOf({ name: './disk/disk.img', content: DISK })]), DISK);
    });

    for (const [type, linkname] of [
      ['symlink', '/etc/shadow'],
      ['link', '../etc/shadow'],
      ['block-device', ''],
      ['fifo', ''],
    ] as const) {
      test(`a ${type} in place of the disk is refused`, async () => {
        const entry: FakeEntry =
          linkname === '' ? { name: 'disk/disk.img', type } : { name: 'disk/disk.img', type, linkname };
        await refused([await layerOf(entry)], 'InvalidImage', /is a [a-z-]+ entry and no regular file/);
      });
    }

    test('a sparse entry is refused with the remedy', async () => {
      const entry = { name: 'disk/disk.img', content: DISK, pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' } };
      await refused([await layerOf(entry)], 'InvalidImage', /build the image without tar --sparse/);
    });

    test('several disks need a path, which then chooses; none is an error of its own', async () => {
      const both = await layerOf(
        { name: 'disk/a.img', content: DISK },
        { name: 'disk/b.img', content: Buffer.alloc(512, 7) },
      );
      await refused(
        [both],
        'InvalidImage',
        /several files in \/disk \(disk\/a\.img, disk\/b\.img\): name one in the volume's path/,
      );
      assert.deepEqual(await use([both], '/disk/b.img'), Buffer.alloc(512, 7));
      await refused([both], 'InvalidImage', /has no file \/disk\/c\.img/, '/disk/c.img');
      await refused([both], 'InvalidImage', /points outside/, '/disk/../etc/shadow');
      await refused(
        [await layerOf({ name: 'etc/motd', content: DISK })],
        'InvalidImage',
        /has no file in \/disk: build it with exactly one/,
      );
      await refused([], 'InvalidImage', /has no file in \/disk/);
    });

    test('layers count from the bottom up, with whiteouts (E4)', async () => {
      const old = await layerOf({ name: 'disk/old.img', content: Buffer.alloc(512, 1) });
      const next = await layerOf(
        { name: 'disk/.wh.old.img', content: Buffer.alloc(0) },
        { name: 'disk/new.img', content: DISK },
      );
      assert.deepEqual(await use([old, next]), DISK);
      const opaque = await layerOf(
        { name: 'disk/.wh..wh..opq', content: Buffer.alloc(0) },
        { name: 'disk/x.img', content: DISK },
      );
      assert.deepEqual(await use([old, opaque]), DISK);
      const same = await layerOf({ name: 'disk/old.img', content: DISK });
      assert.deepEqual(await use([old, same]), DISK);
      const gone = await layerOf({ name: '.wh.disk', content: Buffer.alloc(0) });
      await refused([old, gone], 'InvalidImage', /has no file in \/disk/);
    });

    test('bytes that are no archive, a damaged one, and a truncated one are refused', async () => {
      await refused([{ bytes: randomBytes(4096) }], 'InvalidImage', /no readable archive/);
      const whole = (await diskLayer(DISK)).bytes;
      await refused([{ bytes: whole.subarray(0, 5000) }], 'InvalidImage', /no readable archive/);
      await refused([{ bytes: randomBytes(4096), type: `${OCI_LAYER}+gzip` }], 'InvalidImage', /no readable archive/);
      const zipped = gzipped({ bytes: whole }).bytes;
      await refused(
        [{ bytes: zipped.subarray(0, 6000), type: `${OCI_LAYER}+gzip` }],
        'InvalidImage',
        /no readable archive/,
      );
    });

    test('a layer in zstd is read, or refused with the remedy where Node.js cannot', async () => {
      const path = join(scratch, 'layer.tar');
      await writeFile(path, (await diskLayer(DISK)).bytes);
      await run('zstd', ['-q', path]);
      const layer = { bytes: await readFile(`${path}.zst`), type: `${OCI_LAYER}+zstd` };
      const canRead = 'createZstdDecompress' in (await import('node:zlib'));
      if (canRead) assert.deepEqual(await use([layer]), DISK);
      else
        await refused(
          [layer],
          'InvalidImage',
          /zstd layer, which this node's Node\.js .* cannot read: push it with gzip/,
        );
    });
  });

  describe('in its size', () => {
    test('a disk above the limit is refused before it is unpacked', async () => {
      const large = gzipped(await diskLayer(Buffer.alloc(9 << 20)));
      await refused(
        [large],
        'ImageTooLarge',
        /\/disk\/disk\.img has 9437184 bytes, above this node's limit of 8388608/,
      );
    });

    test('a layer that unfolds to far more than it is, is stopped (E3)', async () => {
      // 9 MiB of zeros a member; a gzip file of many members unfolds to 1.1 GiB from about 1 MiB.
      const member = gzipSync(Buffer.alloc(9 << 20));
      const head = gzipSync((await tarOf([{ name: 'junk', content: Buffer.alloc(0) }])).subarray(0, 512));
      const header = tarHeader('junk', 2 ** 33);
      const bytes = Buffer.concat([gzipSync(header), ...Array(125).fill(member), head]);
      await refused([{ bytes, type: `${OCI_LAYER}+gzip` }], 'ImageTooLarge', /a layer unfolds to more/);
    });
  });

  describe('in its disk', () => {
    const refusedDisk = async (disk: Buffer, message: RegExp) =>
      refused([await diskLayer(disk)], 'UnsupportedDisk', message);

    test('a text is neither qcow2 nor raw', async () => {
      await refusedDisk(Buffer.from('this is no disk\n'), /is neither qcow2 nor raw: its 16 bytes/);
      await refusedDisk(Buffer.alloc(0), /is neither qcow2 nor raw/);
    });

    for (const format of ['vmdk', 'vhdx', 'vdi', 'qed']) {
      test(`a ${format} is named and the remedy too`, async () => {
        await refusedDisk(
          await diskOf('create', '-q', '-f', format, 'DISK', '1M'),
          /is an? [A-Z]+ .*; only qcow2 and raw are supported: convert it/,
        );
      });
    }

    test('a qcow2 with a backing file is refused, whatever the file is', async () => {
      for (const backing of [
        '/etc/shadow',
        'json:{"driver":"raw","file":{"driver":"file","filename":"/etc/shadow"}}',
        'nbd://127.0.0.1',
      ]) {
        const disk = await diskOf('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', backing, 'DISK', '1M');
        await refusedDisk(disk, /refers to a backing file; flatten it with: qemu-img convert/);
      }
    });

    test('a qcow2 whose data are in another file is refused', async () => {
      const disk = await diskOf(
        'create',
        '-q',
        '-f',
        'qcow2',
        '-o',
        `data_file=${join(scratch, 'data.raw')}`,
        'DISK',
        '1M',
      );
      await refusedDisk(disk, /keeps its data in another file/);
    });

    test('an encrypted qcow2 is refused', async () => {
      const secret = ['--object', 'secret,id=s,data=x'];
      const layout = 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10';
      const make = () => diskOf('create', '-q', ...secret, '-f', 'qcow2', '-o', layout, 'DISK', '1M');
      // qemu-img measures its own processor time for the key, and gives up where the kernel's count goes back a little.
      const again = (error: unknown) => {
        if (!/Unable to get accurate CPU usage/.test(String(error))) throw error;
        return make();
      };
      const disk = await make().catch(again).catch(again).catch(again).catch(again);
      await refusedDisk(disk, /is encrypted/);
    });

    test('a qcow2 from the future, a corrupt one, and one with a broken table are refused', async () => {
      const sound = await diskOf('create', '-q', '-f', 'qcow2', 'DISK', '1M');
      const changed = (change: (bytes: Buffer) => unknown) => {
        const copy = Buffer.from(sound);
        change(copy);
        return copy;
      };
      await refusedDisk(
        changed((bytes) => bytes.writeUInt32BE(4, 4)),
        /unknown version 4/,
      );
      await refusedDisk(
        changed((bytes) => bytes.writeBigUInt64BE(1n << 20n, 72)),
        /features that this version does not know/,
      );
      await refusedDisk(
        changed((bytes) => bytes.writeBigUInt64BE(2n, 72)),
        /marked corrupt/,
      );
      await refusedDisk(
        changed((bytes) => bytes.writeUInt32BE(63, 20)),
        /clusters of 2\^63 bytes/,
      );
      await refusedDisk(
        changed((bytes) => bytes.writeBigUInt64BE(1n << 60n, 24)),
        /above the limit/,
      );
      await refusedDisk(
        changed((bytes) => bytes.writeBigUInt64BE(7n, 40)),
        /is no sound qcow2: /,
      );
      await refusedDisk(sound.subarray(0, 90), /./);
    });
  });
});

/** A header of an archive, for sizes that no archive of this test has. */
function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100);
  header[124] = 0x80; // base 256
  header.writeBigUInt64BE(BigInt(size), 128);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
