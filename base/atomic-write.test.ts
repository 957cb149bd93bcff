import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { replaceFile, writeAtomically } from './atomic-write.ts';

describe('writeAtomically', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-atomic-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('creates and replaces, with the mode asked for and nothing left beside', async () => {
    const path = join(directory, 'key');
    await writeAtomically(path, 'one', 0o600);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    await writeAtomically(path, Buffer.from('two'), 0o644);
    assert.equal(await readFile(path, 'utf8'), 'two');
    assert.equal((await stat(path)).mode & 0o777, 0o644);
    assert.deepEqual(await readdir(directory), ['key']);
  });

  it('replaces without syncs as well: the mode is right and nothing stays beside it', async () => {
    const inside = join(directory, 'unsynced');
    await mkdir(inside);
    await replaceFile(join(inside, 'record'), 'one', 0o600);
    await replaceFile(join(inside, 'record'), 'two', 0o600);
    assert.equal(await readFile(join(inside, 'record'), 'utf8'), 'two');
    assert.equal((await stat(join(inside, 'record'))).mode & 0o777, 0o600);
    await assert.rejects(replaceFile(inside, 'bytes'));
    assert.deepEqual(await readdir(inside), ['record']);
    await rm(inside, { recursive: true });
    assert.deepEqual(await readdir(directory), ['key']);
  });

  it('leaves the target alone and nothing beside it when the rename fails', async () => {
    const target = join(directory, 'full');
    await mkdir(target);
    await writeFile(join(target, 'inside'), 'x');
    await assert.rejects(writeAtomically(target, 'bytes'));
    assert.deepEqual(await readdir(target), ['inside']);
    assert.deepEqual((await readdir(directory)).sort(), ['full', 'key']);
  });

  it('never shows a mixture to a reader while many writers race', async () => {
    const path = join(directory, 'raced');
    const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200_000));
    await writeAtomically(path, contents[0] ?? '');
    let done = false;
    const writers = Promise.all(contents.flatMap((text) => [1, 2, 3].map(() => writeAtomically(path, text)))).then(
      () => {
        done = true;
      },
    );
    while (!done) assert.ok(contents.includes(await readFile(path, 'utf8')));
    await writers;
  });
});
