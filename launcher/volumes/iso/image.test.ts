import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { buildIso } from './image.ts';

const run = promisify(execFile);
const date = new Date('2026-03-04T05:06:07Z');

const NOCLOUD = new Map([
  ['meta-data', Buffer.from('instance-id: x\n')],
  ['user-data', Buffer.from('#cloud-config\n')],
  ['network-config', Buffer.alloc(0)],
]);

/** Many keys (several sectors of directory), long ones, ones that look alike in eight letters, dots first. */
const MANY = new Map<string, Buffer>([
  ...Array.from({ length: 120 }, (_, index): [string, Buffer] => [
    `configuration-file-number-${index}.yaml`,
    randomBytes(index * 37),
  ]),
  ['a'.repeat(253), Buffer.from('the longest key of a ConfigMap')],
  [`${'b'.repeat(200)}.1`, Buffer.from('one')],
  [`${'b'.repeat(200)}.2`, Buffer.from('two')],
  ['.hidden', Buffer.from('dot')],
  ['UPPER.lower', Buffer.from('case')],
  ['upper.LOWER', Buffer.from('other case')],
]);

describe('an image that we wrote', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-iso-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const write = async (name: string, files: ReadonlyMap<string, Buffer>, label = 'cidata') => {
    const path = join(directory, name);
    await writeFile(path, buildIso({ label, files, date }));
    return path;
  };

  for (const [name, files] of [
    ['nocloud', NOCLOUD],
    ['many', MANY],
    ['none', new Map<string, Buffer>()],
  ] as const) {
    test(`${name}: xorriso extracts every file byte for byte by its Rock Ridge name`, async () => {
      const image = await write(`${name}.iso`, files);
      const target = join(directory, name);
      await run('xorriso', ['-osirrox', 'on', '-abort_on', 'SORRY', '-indev', image, '-extract', '/', target]);
      assert.deepEqual((await readdir(target)).sort(), [...files.keys()].sort());
      for (const [file, content] of files) assert.deepEqual(await readFile(join(target, file)), content, file);
    });
  }

  test('isoinfo finds label, Rock Ridge and Joliet', async () => {
    const image = await write('info.iso', NOCLOUD);
    const { stdout } = await run('isoinfo', ['-d', '-i', image]);
    assert.match(stdout, /Volume id: cidata/);
    assert.match(stdout, /Joliet with UCS level 3 found/);
    assert.match(stdout, /Rock Ridge signatures version 1 found/);
    const rockRidge = (await run('isoinfo', ['-R', '-l', '-i', image])).stdout;
    assert.match(rockRidge, /-r--r--r--\s+1\s+0\s+0\s+15 Mar\s+4 2026 .*meta-data/);
    const joliet = (await run('isoinfo', ['-J', '-f', '-i', image])).stdout;
    assert.deepEqual(joliet.trim().split('\n').sort(), ['/meta-data', '/network-config', '/user-data']);
    const plain = (await run('isoinfo', ['-f', '-i', image])).stdout;
    assert.deepEqual(plain.trim().split('\n').sort(), ['/META_DAT.;1', '/NETWORK_.;1', '/USER_DAT.;1']);
  });

  test('Joliet and level 1 names differ from each other where the real names do', async () => {
    const image = await write('distinct.iso', MANY);
    for (const flags of [['-J'], []]) {
      const names = (await run('isoinfo', [...flags, '-f', '-i', image])).stdout.trim().split('\n');
      assert.equal(names.length, MANY.size);
      assert.equal(new Set(names).size, MANY.size);
    }
  });

  test('blkid sees the label that cloud-init looks for', async () => {
    const image = await write('label.iso', NOCLOUD);
    const { stdout } = await run('blkid', ['-p', '-o', 'export', image]);
    assert.match(stdout, /^LABEL=cidata$/m);
    assert.match(stdout, /^TYPE=iso9660$/m);
  });

  test('is the same for the same input', () => {
    assert.deepEqual(buildIso({ label: 'x', files: NOCLOUD, date }), buildIso({ label: 'x', files: NOCLOUD, date }));
  });

  test('refuses names and labels that would be something else', () => {
    const one = (name: string) => new Map([[name, Buffer.alloc(1)]]);
    assert.throws(() => buildIso({ label: 'x', files: one('a/b'), date }), /no name of a file/);
    assert.throws(() => buildIso({ label: 'x', files: one(''), date }), /no name of a file/);
    assert.throws(() => buildIso({ label: 'x'.repeat(33), files: NOCLOUD, date }), /32 plain characters/);
  });
});
