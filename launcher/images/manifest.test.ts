import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { choosePlatform, parseManifest } from './manifest.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const parse = (document: unknown) => parseManifest(Buffer.from(JSON.stringify(document)), 'x');
const layer = (mediaType: string, more = {}) => ({
  schemaVersion: 2,
  layers: [{ mediaType, digest, size: 5, ...more }],
});

describe('parseManifest', () => {
  for (const [type, compression] of [
    ['application/vnd.oci.image.layer.v1.tar', 'none'],
    ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
    ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
    ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
    ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ] as const) {
    test(`reads a layer of type ${type}`, () => {
      assert.deepEqual(parse(layer(type)), { kind: 'manifest', layers: [{ digest, size: 5, compression }] });
    });
  }

  test('refuses what is no manifest, with what is wrong', () => {
    const tar = 'application/vnd.oci.image.layer.v1.tar';
    const bad: [unknown, RegExp][] = [
      [null, /schema version 2/],
      [{ schemaVersion: 1, fsLayers: [] }, /schema version 2/],
      [{ schemaVersion: 2 }, /neither layers nor manifests/],
      [layer('application/vnd.in-toto+json'), /"application\/vnd\.in-toto\+json", which is no file system layer/],
      [layer(tar, { digest: 'sha256:../../x' }), /without a sha256 digest/],
      [layer(tar, { size: -1 }), /without a size/],
      [layer(tar, { size: 1.5 }), /without a size/],
      [layer(tar, { size: '5' }), /without a size/],
      [{ schemaVersion: 2, layers: Array(129).fill({}) }, /more than 128 layers/],
      [{ schemaVersion: 2, manifests: [{ digest: 'x' }] }, /without a sha256 digest/],
      [{ schemaVersion: 2, manifests: [null] }, /without a sha256 digest/],
    ];
    for (const [document, message] of bad) assert.throws(() => parse(document), { reason: 'InvalidImage', message });
    assert.throws(() => parseManifest(Buffer.from('<html>'), 'x'), { reason: 'InvalidImage', message: /is not JSON/ });
  });
});

describe('choosePlatform', () => {
  const index = (...platforms: [string, string][]) => ({
    kind: 'index' as const,
    manifests: platforms.map(([os, architecture], i) => ({ digest: `sha256:${i}`, os, architecture })),
  });
  test('takes the one for this machine, or the only one when it names no platform', () => {
    assert.equal(choosePlatform(index(['linux', 'arm64'], ['linux', 'amd64']), 'amd64', 'x'), 'sha256:1');
    assert.equal(choosePlatform(index(['', '']), 'amd64', 'x'), 'sha256:0');
  });
  test('says what there is when nothing fits', () => {
    const message = /no variant for linux\/amd64; it offers linux\/arm64, windows\/amd64$/;
    assert.throws(() => choosePlatform(index(['linux', 'arm64'], ['windows', 'amd64']), 'amd64', 'x'), { message });
    assert.throws(() => choosePlatform(index(), 'amd64', 'x'), /it offers none/);
  });
});
