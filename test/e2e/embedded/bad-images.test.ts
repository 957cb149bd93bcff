import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertNothingLeft, embedded, kubectl, traces, up } from '../../harness/embedded.ts';
import { eventually } from '../../harness/eventually.ts';
import { diskLayer, type FakeRegistry, startFakeRegistry, tarOf } from '../../harness/fake-registry.ts';
import { freePort } from '../../harness/free-port.ts';
import {
  condition,
  createTiny,
  deleteMachines,
  imageCache,
  statusOf,
  untilRunning,
  untilStatus,
} from '../../harness/tiny-machine.ts';

/**
 * Images that are not there or not what they should be: the machine says so, tries again with pauses that grow, can be
 * deleted at any time, and nothing of it stays in the node's image cache.
 */
describe('an image that cannot be used', () => {
  let registry: FakeRegistry;
  let traced: string[] = [];
  let cached: readonly string[] = [];
  let scratch = '';
  const names = new Set<string>();
  /** How the registry answers to paths with this in them, instead of serving. */
  const answers = new Map<string, (response: ServerResponse) => void>();

  before(async () => {
    await up();
    traced = traces();
    cached = imageCache().finished;
    registry = await startFakeRegistry();
    registry.misbehave = ({ url = '' }, response) => {
      const [, answer] = [...answers].find(([part]) => url.includes(part)) ?? [];
      answer?.(response);
      return answer !== undefined;
    };
    scratch = mkdtempSync(join(tmpdir(), 'torpor-bad-images-'));
  });
  after(async () => {
    await deleteMachines(...names);
    await registry.stop();
    rmSync(scratch, { recursive: true, force: true });
    await assertNothingLeft(traced);
    assert.deepEqual(imageCache().unfinished, []);
  });

  async function create(name: string, image: string): Promise<void> {
    names.add(name);
    await createTiny(name, { volumes: [{ name: 'root', registryDisk: { image } }] });
  }

  /** The machine is stuck for this reason, says so, and has put nothing into the cache. */
  async function isStuck(name: string, reason: string, message: RegExp): Promise<void> {
    const status = await untilStatus(
      name,
      `VolumesReady=False, ${reason}`,
      (now) => condition(now, 'VolumesReady')?.reason === reason,
    );
    const found = condition(status, 'VolumesReady');
    assert.equal(found?.status, 'False');
    assert.match(found?.message ?? '', message);
    assert.equal(status.phase, 'Preparing');
    assert.equal(status.reason, reason);
    assert.deepEqual(imageCache().finished, cached);
  }

  const disk = (...command: string[]): Buffer => {
    const path = join(scratch, 'disk');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...command.slice(0, -1), path, command.at(-1) ?? '']);
    const bytes = readFileSync(path);
    rmSync(path);
    return bytes;
  };

  it('because it does not exist', async () => {
    await create('absent', `${embedded.registry}/no-such-image:v1`);
    await isStuck(
      'absent',
      'ImageNotFound',
      /no-such-image:v1 does not exist in registry .*: check the name, or push it/,
    );
  });

  it('because the registry gives another digest than the one named', async () => {
    const { digest } = registry.add('swapped', [await diskLayer(Buffer.alloc(512))]);
    const other = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
    registry.manifests.set(`swapped/manifests/${digest}`, { type: 'application/json', body: other });
    await create('swapped', `${registry.host}/swapped@${digest}`);
    await isStuck(
      'swapped',
      'DigestMismatch',
      /gives a manifest for image .* whose digest is sha256:[0-9a-f]{64}, not/,
    );
  });

  it('because a layer has other bytes than its digest says', async () => {
    const layer = await diskLayer(Buffer.alloc(4096, 1));
    const { image } = registry.add('other-bytes', [layer]);
    for (const [digest, bytes] of registry.blobs) {
      if (bytes === layer.bytes) registry.blobs.set(digest, Buffer.from(bytes).fill(2, 1024, 1100));
    }
    await create('other-bytes', image);
    await isStuck('other-bytes', 'DigestMismatch', /gives bytes for layer sha256:.* whose digest is sha256:/);
  });

  it('because a blob always ends early', async () => {
    const layer = await diskLayer(Buffer.alloc(1 << 20, 3));
    const { image } = registry.add('cut', [layer]);
    answers.set('/v2/cut/blobs/', (response) => {
      response.writeHead(200, { 'content-length': layer.bytes.length });
      response.write(layer.bytes.subarray(0, 1000), () => response.destroy());
    });
    await create('cut', image);
    await isStuck('cut', 'RegistryUnavailable', /ends layer sha256:[0-9a-f]{64} after \d+ of \d+ bytes/);
  });

  it('because its archive has a name that points outside', async () => {
    const bytes = await tarOf([
      { name: 'disk/disk.img', content: Buffer.alloc(512) },
      { name: '../../etc/cron.d/evil', content: Buffer.from('* * * * * root true\n') },
    ]);
    await create('outside', registry.add('outside', [{ bytes }]).image);
    await isStuck('outside', 'InvalidImage', /names a file "\.\.\/\.\.\/etc\/cron\.d\/evil" that points outside of it/);
  });

  it('because its disk is neither qcow2 nor raw', async () => {
    // A qcow2 by its first bytes, and garbage after them.
    const garbage = Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(100_001, 'garbage')]);
    await create('garbage', registry.add('garbage', [await diskLayer(garbage)]).image);
    await isStuck('garbage', 'UnsupportedDisk', /the disk of image .*garbage/);
  });

  it("because its disk has the host's /etc/shadow as backing file", async () => {
    const bytes = disk('-u', '-b', '/etc/shadow', '-F', 'raw', '1M');
    await create('shadow', registry.add('shadow', [await diskLayer(bytes)]).image);
    await isStuck('shadow', 'UnsupportedDisk', /backing file/);
  });

  it('is shown to the person who asks', async () => {
    const described = await kubectl(['describe', 'vm', 'shadow']);
    assert.match(described, /Warning\s+UnsupportedDisk/);
    assert.match(await kubectl(['get', 'vm', 'shadow']), /^shadow\s+Preparing\w*\s+False/m);
  });

  it('is asked for again with pauses that grow', async () => {
    const { image } = registry.add('again', [await diskLayer(Buffer.alloc(512))]);
    const times: number[] = [];
    answers.set('/v2/again/manifests/', (response) => {
      times.push(Date.now());
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    });
    await create('again', image);
    await eventually('the fourth attempt', 60_000, async () => (times.length >= 4 ? true : undefined));
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // 1 s, 2 s, 4 s, each less up to 30 %.
    for (const [index, least] of [700, 1400, 2800].entries())
      assert.ok((pauses[index] ?? 0) >= least, `pauses between attempts: ${pauses.join(', ')} ms`);
    assert.deepEqual(imageCache().finished, cached);
  });

  it('is no reason to wait with a deletion, and leaves nothing', async () => {
    const never = registry.add('never', [await diskLayer(Buffer.alloc(512))]);
    answers.set('/v2/never/', () => {});
    await create('never', never.image);
    await eventually('the registry is asked', 20_000, async () =>
      registry.requests.some(({ path }) => path.startsWith('/v2/never/')) ? true : undefined,
    );
    await deleteMachines(...names);
    await assertNothingLeft(traced);
    assert.deepEqual(imageCache(), { finished: cached, unfinished: [] });
  });
});

describe('a registry that is down and then slow', () => {
  let traced: string[] = [];
  let registry: FakeRegistry | undefined;
  let port = 0;

  before(async () => {
    await up();
    traced = traces();
    port = await freePort();
  });
  after(async () => {
    await deleteMachines('patient');
    await registry?.stop();
    await assertNothingLeft(traced);
  });

  it('is named with what is wrong with it', async () => {
    const image = `127.0.0.1:${port}/slow:v1`;
    await createTiny('patient', { volumes: [{ name: 'root', registryDisk: { image } }] });
    const status = await untilStatus(
      'patient',
      'the registry is unavailable',
      (now) => condition(now, 'VolumesReady')?.reason === 'RegistryUnavailable',
    );
    assert.match(
      condition(status, 'VolumesReady')?.message ?? '',
      /registry 127\.0\.0\.1:\d+ cannot be reached: it refuses connections: check that it runs/,
    );
  });

  it('shows progress, and the machine starts by itself when the image is there', async () => {
    const fake = await startFakeRegistry(port);
    registry = fake;
    const images = join(embedded.home, 'images');
    const built = readdirSync(images).find((name) => /^tiny@.*\.qcow2$/.test(name));
    const layer = await diskLayer(readFileSync(join(images, built ?? 'none')), 'disk/disk.qcow2');
    fake.misbehave = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      void trickle(response, layer.bytes);
      return true;
    };
    fake.add('slow', [layer]);
    const progress = await untilStatus('patient', 'shows progress', (now) =>
      /pulling image|MiB|%/.test(condition(now, 'VolumesReady')?.message ?? ''),
    );
    assert.equal(progress.phase, 'Preparing');
    const running = await untilRunning('patient');
    assert.equal(condition(running, 'VolumesReady')?.status, 'True');
    assert.equal((await statusOf('patient')).bootID, progress.bootID);
    assert.deepEqual(imageCache().unfinished, []);
    assert.equal(fake.requests.filter(({ path }) => path.includes('/blobs/')).length, 1);
  });

  async function trickle(response: ServerResponse, bytes: Buffer): Promise<void> {
    response.writeHead(200, { 'content-length': bytes.length });
    const part = Math.ceil(bytes.length / 60);
    for (let at = 0; at < bytes.length && !response.destroyed; at += part) {
      response.write(bytes.subarray(at, at + part));
      await sleep(100);
    }
    response.end();
  }
});
