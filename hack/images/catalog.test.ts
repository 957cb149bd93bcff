import assert from 'node:assert/strict';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildDisk, digestOf, type GuestImage, IMAGES, imageNamed } from './catalog.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

describe('guest images', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'torpor-catalog-'));
  });
  after(() => rm(directory, { recursive: true }));

  /** An image whose builder is a script of the test. */
  async function scripted(name: string, script: string): Promise<GuestImage> {
    const program = path.join(directory, `${name}.sh`);
    await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const relative = path.relative(here, program);
    return { name, about: '', build: [relative], recipe: [relative], packages: ['bash'] };
  }

  it('has a builder and a recipe for each image', async () => {
    for (const image of IMAGES) {
      for (const item of [image.build[0] ?? '', ...image.recipe]) await access(path.join(here, item));
      assert.match(await digestOf(image), /^[0-9a-f]{16}$/);
    }
    assert.throws(() => imageNamed('windows'), /there is no guest image "windows"; there are tiny, /);
  });

  it('G1 builds once and again only when the recipe changes', async () => {
    const cache = path.join(directory, 'cache');
    const image = await scripted(
      'counted',
      'echo built >>"$(dirname "$0")/count"; echo disk >"$1/disk.qcow2"; echo said',
    );
    const said: string[] = [];
    const first = await buildDisk(image, cache, (line) => said.push(line));
    assert.deepEqual([first.cached, said], [false, ['said']]);
    assert.deepEqual(await buildDisk(image, cache, () => {}), { path: first.path, cached: true });
    assert.equal(await readFile(path.join(directory, 'count'), 'utf8'), 'built\n');

    const changed = await scripted('counted', 'echo other >"$1/disk.qcow2"');
    const second = await buildDisk(changed, cache, () => {});
    assert.notEqual(second.path, first.path);
    // G3: the older disk is gone.
    assert.deepEqual(await readdir(cache), [path.basename(second.path)]);
  });

  it('G2 leaves nothing and says what the builder said when it fails', async () => {
    const cache = path.join(directory, 'failed');
    const image = await scripted('failing', 'echo half >"$1/disk.qcow2"; echo "no space left" >&2; exit 1');
    await assert.rejects(
      buildDisk(image, cache, () => {}),
      /building the guest image failing failed:\nno space left/,
    );
    assert.deepEqual(await readdir(cache), []);
    assert.equal((await stat(cache)).isDirectory(), true);
  });
});
