import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  generateName,
  labelNameErrors,
  labelValueErrors,
  pathSegmentErrors,
  qualifiedNameErrors,
  subdomainErrors,
} from './names.ts';

const fine = (list: readonly string[], text: string) => assert.deepEqual(list, [], text);

test('labels', () => {
  for (const name of ['a', '0', 'a-b', 'a'.repeat(63)]) fine(labelNameErrors(name), name);
  for (const name of ['', 'A', '-a', 'a-', 'a.b', 'a b', 'ü', 'a\n'])
    assert.equal(labelNameErrors(name).length, 1, name);
  assert.deepEqual(labelNameErrors('a'.repeat(64)), ['must be no more than 63 bytes']);
  assert.deepEqual(labelNameErrors('Web'), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
});

test('subdomains', () => {
  for (const name of ['a', 'a.b', 'a-b.c-d', 'example.com']) fine(subdomainErrors(name), name);
  for (const name of ['', '.', 'a..b', 'a.', 'A', 'a_b', '-a']) assert.equal(subdomainErrors(name).length, 1, name);
  assert.deepEqual(subdomainErrors('Web'), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  assert.equal(subdomainErrors(`${'a'.repeat(254)}`)[0], 'must be no more than 253 bytes');
});

test('a hostile name of a megabyte is refused at once', () => {
  const started = performance.now();
  assert.ok(subdomainErrors(`${'a-.'.repeat(400_000)}!`).length > 0);
  assert.ok(subdomainErrors(`${'a'.repeat(1_000_000)}!`).length > 0);
  assert.ok(performance.now() - started < 2000);
});

test('path segments', () => {
  fine(pathSegmentErrors('a:b'), 'a:b');
  assert.deepEqual(pathSegmentErrors('..'), ["may not be '..'"]);
  assert.deepEqual(pathSegmentErrors('a/b%'), ["may not contain '/'", "may not contain '%'"]);
});

test('qualified names and label values', () => {
  for (const key of ['a', 'A_b.c', 'example.com/x', '9']) fine(qualifiedNameErrors(key), key);
  for (const key of ['', '_a', 'a/', '/a', 'a/b/c', 'Ex.com/a', 'a'.repeat(64)]) {
    assert.ok(qualifiedNameErrors(key).length > 0, key);
  }
  for (const value of ['', 'a', 'A_b.c', '1']) fine(labelValueErrors(value), value);
  for (const value of ['_', 'a b', '-', 'a'.repeat(64), 'a/b']) assert.ok(labelValueErrors(value).length > 0, value);
});

test('property: a generated name of a valid base is a valid name of at most 63 characters', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?-?$/), (base) => {
      const name = generateName(base);
      assert.ok(name.length <= 63);
      fine(labelNameErrors(name), name);
      assert.match(name.slice(-5), /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    }),
  );
});
