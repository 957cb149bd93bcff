import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SparseFile } from './sparse-file.ts';

test('bytes in chunks of any size come out the same, and zeros take no room', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-sparse-'));
  try {
    const bytes = Buffer.concat([
      Buffer.alloc(3 << 20),
      randomBytes(70_000),
      Buffer.alloc(2 << 20),
      Buffer.from([1]),
      Buffer.alloc((1 << 20) + 17),
    ]);
    const path = join(directory, 'file');
    const file = await open(path, 'wx');
    const sparse = new SparseFile(file);
    for (let offset = 0, size = 1; offset < bytes.length; offset += size, size = (size * 7) % 300_007) {
      await sparse.write(bytes.subarray(offset, offset + size));
    }
    await sparse.finish();
    await file.close();
    assert.equal(sparse.length, bytes.length);
    assert.deepEqual(await readFile(path), bytes);
    const { blocks } = await stat(path);
    assert.ok(blocks * 512 < 512 << 10, `${blocks * 512} bytes allocated`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
