import assert from 'node:assert/strict';
import { mkdtemp, open as openFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../../base/log.ts';
import { WatchedFiles } from './watched-files.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-files-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const lines: string[] = [];
const logger = createLogger('test', { level: 'error', destination: { write: (line) => lines.push(line) } });
const open = (...names: string[]) =>
  WatchedFiles.open(
    names.map((name) => join(directory, name)),
    (texts) => {
      if (texts.includes('broken')) throw new Error('cannot be parsed');
      return texts.join('+');
    },
    logger,
    20,
  );
const until = async (condition: () => boolean) => {
  for (let attempt = 0; attempt < 200 && !condition(); attempt++) await delay(10);
  assert.ok(condition());
};
const replace = async (name: string, text: string) => {
  await writeFile(join(directory, 'beside'), text);
  await rename(join(directory, 'beside'), join(directory, name));
};

test('W1, W2: changes are seen, by rename and through links; listeners see the new value; broken ones change nothing', async () => {
  await writeFile(join(directory, 'one'), 'a');
  await writeFile(join(directory, 'real'), 'b');
  await symlink(join(directory, 'real'), join(directory, 'two'));
  const files = await open('one', 'two');
  const seen: [string, string][] = [];
  files.onChange((value) => seen.push([value, files.value]));
  assert.equal(files.value, 'a+b');
  await replace('one', 'c');
  await until(() => files.value === 'c+b');
  await writeFile(join(directory, 'real'), 'dd');
  await until(() => files.value === 'c+dd');
  assert.deepEqual(seen, [
    ['c+b', 'c+b'],
    ['c+dd', 'c+dd'],
  ]);
  await replace('one', 'broken');
  await until(() => lines.length > 0);
  await delay(100);
  assert.equal(lines.length, 1, 'told once');
  assert.equal(files.value, 'c+dd');
  await rm(join(directory, 'one'));
  await until(() => lines.length === 2);
  await writeFile(join(directory, 'one'), 'e');
  await until(() => files.value === 'e+dd');
  files.close();
});

test('W4: a file that is being written in place is taken up when it is whole', async () => {
  await writeFile(join(directory, 'five'), 'old');
  const files = await open('five');
  const values: string[] = [];
  files.onChange((value) => values.push(value));
  const file = await openFile(join(directory, 'five'), 'w');
  await delay(100);
  assert.equal(files.value, 'old', 'empty is not a content');
  for (let part = 0; part < 20; part += 1) {
    await file.write('x');
    await delay(5);
  }
  await file.close();
  await until(() => values.at(-1) === 'x'.repeat(20));
  files.close();
});

test('W3: after close nothing is looked at', async () => {
  await writeFile(join(directory, 'three'), 'a');
  const files = await open('three');
  files.close();
  await writeFile(join(directory, 'three'), 'bb');
  await delay(80);
  assert.equal(files.value, 'a');
});

test('files that cannot be used at the start are an error', async () => {
  await assert.rejects(open('missing'), /ENOENT/);
  await writeFile(join(directory, 'four'), 'broken');
  await assert.rejects(open('four'), /cannot be parsed/);
  await writeFile(join(directory, 'four'), '');
  await assert.rejects(open('four'), /four is empty/);
});
