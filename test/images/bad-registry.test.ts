import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, test } from 'node:test';
import { createImageStore, type ImageStore } from '../../launcher/images/image-store.ts';
import { diskLayer, type FakeLayer, type FakeRegistry, gzipped, startFakeRegistry } from '../harness/fake-registry.ts';

/**
 * A registry, or the way to it, is broken: every case ends in a reason and a sentence that a person can act on, and in a
 * cache without a trace of it.
 */
const DISK = randomBytes(1 << 20);
const caller = (signal = new AbortController().signal) => ({ signal, progress: () => {} });

describe('a registry that misbehaves', () => {
  let directory: string;
  let fake: FakeRegistry;
  let store: ImageStore;
  let layer: FakeLayer;

  before(async () => {
    layer = await diskLayer(DISK);
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-bad-registry-'));
    fake = await startFakeRegistry();
    store = await createImageStore({ directory, answerTimeout: 400, idleTimeout: 300 });
  });
  afterEach(async () => {
    await store.close();
    await fake.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const use = (image: string) => store.withImage({ image }, caller(), async (disk) => readFile(disk.path));
  const assertCacheEmpty = async () => {
    assert.deepEqual((await readdir(directory)).sort(), ['partial', 'references']);
    assert.deepEqual(await readdir(join(directory, 'partial')), []);
  };
  const refused = async (image: string, reason: string, message: RegExp) => {
    await assert.rejects(use(image), { name: 'ImageError', reason, message });
    await assertCacheEmpty();
  };
  const onBlob = (answer: (response: import('node:http').ServerResponse, from: number) => void) => {
    fake.misbehave = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      answer(response, Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0));
      return true;
    };
  };

  test('a blob that always breaks off is RegistryUnavailable and says how far it came', async () => {
    const { image } = fake.add('cut', [layer]);
    onBlob((response) => {
      response.writeHead(200, { 'content-length': layer.bytes.length });
      response.write(layer.bytes.subarray(0, 1000), () => response.destroy());
    });
    await refused(image, 'RegistryUnavailable', /ends layer sha256:[0-9a-f]{64} after \d+ of \d+ bytes/);
  });

  test('a blob that breaks off once is taken up where it stopped (L2)', async () => {
    const { image } = fake.add('cut-once', [gzipped(layer)]);
    let broken = false;
    fake.misbehave = (request, response) => {
      if (broken || !request.url?.includes('/blobs/')) return false;
      broken = true;
      const blob = gzipped(layer).bytes;
      response.writeHead(200, { 'content-length': blob.length });
      response.write(blob.subarray(0, 500_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    assert.deepEqual(await use(image), DISK);
    assert.match(String(fake.requests.at(-1)?.headers.range), /^bytes=[1-9]\d+-$/);
  });

  test('a registry without ranges is read from the start again (L2)', async () => {
    const { image } = fake.add('no-range', [layer]);
    let count = 0;
    onBlob((response) => {
      response.writeHead(200, { 'content-length': layer.bytes.length });
      if (count++ === 0)
        response.write(layer.bytes.subarray(0, 300_000), () => setTimeout(() => response.destroy(), 50));
      else response.end(layer.bytes);
    });
    assert.deepEqual(await use(image), DISK);
  });

  test('bytes that are not the ones named are DigestMismatch', async () => {
    const { image } = fake.add('other-bytes', [layer]);
    const wrong = Buffer.from(layer.bytes);
    wrong[5000] = (wrong[5000] ?? 0) ^ 1;
    onBlob((response, from) => response.end(wrong.subarray(from)));
    await refused(image, 'DigestMismatch', /gives bytes for layer sha256:.* whose digest is sha256:/);
  });

  test('more bytes than announced are DigestMismatch', async () => {
    const { image } = fake.add('more-bytes', [layer]);
    onBlob((response, from) => response.end(Buffer.concat([layer.bytes, Buffer.alloc(10)]).subarray(from)));
    await refused(image, 'DigestMismatch', /sends more than the \d+ bytes/);
  });

  test('a manifest that is not the one asked for by digest is DigestMismatch (G1)', async () => {
    const { digest } = fake.add('swapped', [layer]);
    const other = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
    fake.manifests.set(`swapped/manifests/${digest}`, { type: 'application/json', body: other });
    await refused(`${fake.host}/swapped@${digest}`, 'DigestMismatch', /gives a manifest .* whose digest is sha256:/);
  });

  test('a registry that is down says that it refuses connections', async () => {
    await refused(
      '127.0.0.1:1/down:v1',
      'RegistryUnavailable',
      /registry 127\.0\.0\.1:1 cannot be reached: it refuses connections: check that it runs/,
    );
  });

  test('a registry whose name does not resolve says so', async () => {
    await refused('registry.invalid/x:v1', 'RegistryUnavailable', /registry registry\.invalid cannot be reached/);
  });

  test('a registry that never answers is given up', async () => {
    const { image } = fake.add('silent', [layer]);
    fake.misbehave = () => true;
    await refused(image, 'RegistryUnavailable', /no answer within 0\.4 s/);
  });

  test('a blob that stops coming is given up', async () => {
    const { image } = fake.add('stalled', [layer]);
    onBlob((response, from) => {
      response.writeHead(from > 0 ? 206 : 200, from > 0 ? { 'content-range': `bytes ${from}-9/10` } : {});
      if (from === 0) response.write(layer.bytes.subarray(0, 2000));
      else response.flushHeaders();
    });
    await refused(image, 'RegistryUnavailable', /after 2000 of \d+ bytes: no data for 0\.3 s/);
  });

  test('errors of the server are told with their number, and a few of them are survived', async () => {
    const { image } = fake.add('failing', [layer]);
    let failures = 2;
    fake.misbehave = (_, response) => {
      if (failures-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    };
    assert.deepEqual(await use(image), DISK);
    fake.misbehave = (_, response) => {
      response.writeHead(500).end();
      return true;
    };
    const { image: other } = fake.add('failing-more', [layer]);
    await assert.rejects(use(other), { reason: 'RegistryUnavailable', message: /answers 500 for image/ });
    fake.misbehave = (_, response) => {
      response.writeHead(429).end();
      return true;
    };
    await assert.rejects(use(other), { reason: 'RegistryUnavailable', message: /limits the rate of pulls/ });
  });

  test('a redirect without end, and one to an address that may only be spoken to by https, are refused', async () => {
    const { image } = fake.add('turning', [layer]);
    onBlob((response) => response.writeHead(307, { location: `http://${fake.host}/v2/turning/blobs/again` }).end());
    await refused(image, 'RegistryUnavailable', /redirects more than 5 times/);
    onBlob((response) => response.writeHead(307, { location: 'http://192.0.2.1/blob' }).end());
    await refused(image, 'RegistryUnavailable', /http:\/\/192\.0\.2\.1 is not spoken to/);
    onBlob((response) => response.writeHead(307, { location: 'file:///etc/shadow' }).end());
    await refused(image, 'RegistryUnavailable', /file:.* is not spoken to/);
  });

  test('a pull that everybody gave up ends at once and leaves nothing (W2)', async () => {
    const { image } = fake.add('endless', [layer]);
    let started = () => {};
    const begun = new Promise<void>((resolve) => {
      started = resolve;
    });
    onBlob((response) => {
      response.writeHead(200, { 'content-length': layer.bytes.length });
      response.write(layer.bytes.subarray(0, 100), () => started());
    });
    const stop = new AbortController();
    const pulling = store.withImage({ image }, caller(stop.signal), async () => {});
    await begun;
    stop.abort(new Error('machine deleted'));
    await assert.rejects(pulling, /machine deleted/);
    await store.close();
    await assertCacheEmpty();
  });
});
