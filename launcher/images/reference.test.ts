import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatReference, isLoopback, manifestSelector, parseReference } from './reference.ts';

const HEX = 'a'.repeat(64);

describe('parseReference', () => {
  const cases: [string, string, string, string][] = [
    ['debian', 'registry-1.docker.io', 'library/debian', 'docker.io/library/debian:latest'],
    ['debian:12', 'registry-1.docker.io', 'library/debian', 'docker.io/library/debian:12'],
    ['team/app', 'registry-1.docker.io', 'team/app', 'docker.io/team/app:latest'],
    ['docker.io/debian', 'registry-1.docker.io', 'library/debian', 'docker.io/library/debian:latest'],
    ['index.docker.io/team/app:1', 'registry-1.docker.io', 'team/app', 'docker.io/team/app:1'],
    ['localhost/app', 'localhost', 'app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000', 'app', 'localhost:5000/app:latest'],
    ['[::1]:5000/app:x', '[::1]:5000', 'app', '[::1]:5000/app:x'],
    ['registry.example/a/b-c/d__e.f:Tag_1', 'registry.example', 'a/b-c/d__e.f', 'registry.example/a/b-c/d__e.f:Tag_1'],
    [`registry.example/a@sha256:${HEX}`, 'registry.example', 'a', `registry.example/a@sha256:${HEX}`],
    [`registry.example/a:t@sha256:${HEX}`, 'registry.example', 'a', `registry.example/a:t@sha256:${HEX}`],
  ];
  for (const [text, registry, repository, full] of cases) {
    test(`reads ${text}`, () => {
      const reference = parseReference(text);
      assert.equal(reference.registry, registry);
      assert.equal(reference.repository, repository);
      assert.equal(formatReference(reference), full);
      assert.deepEqual(parseReference(full), reference);
    });
  }

  const bad: [string, RegExp][] = [
    ['', /the repository is missing/],
    ['registry.example/', /the repository is missing/],
    ['UPPER', /lower-case/],
    ['a/../b', /lower-case/],
    ['a//b', /lower-case/],
    ['registry.example/a b', /lower-case/],
    ['a:', /is not a tag/],
    ['a:b:c', /is not a tag/],
    [`a:${'x'.repeat(129)}`, /is not a tag/],
    ['a@sha256:short', /the digest must be/],
    [`a@sha512:${HEX}`, /the digest must be/],
    [`a@sha256:${HEX}@sha256:${HEX}`, /more than once/],
    ['host:99999/a', /is not a port/],
    ['host_name.example/a', /is not a host name/],
    ['user:pass@registry.example/a', /the digest must be/],
    [`registry.example/${'a'.repeat(250)}`, /longer than 255/],
  ];
  for (const [text, message] of bad) {
    test(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parseReference(text), { name: 'ImageError', reason: 'InvalidReference', message });
    });
  }
});

test('a digest wins over a tag when the manifest is asked for', () => {
  assert.equal(manifestSelector(parseReference(`a:t@sha256:${HEX}`)), `sha256:${HEX}`);
  assert.equal(manifestSelector(parseReference('a:t')), 't');
});

test('only this very machine is loopback', () => {
  for (const host of ['localhost', 'localhost:5000', '127.0.0.1:80', '127.9.8.7', '[::1]:5000'])
    assert.ok(isLoopback(host), host);
  for (const host of ['localhost.example', '128.0.0.1', '127.0.0.1.example:80', '[::2]', '10.0.0.1'])
    assert.ok(!isLoopback(host), host);
});
