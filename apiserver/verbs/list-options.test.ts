import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listOptions, watchOptions } from './list-options.ts';
import { lastsMs, standardWatchSettings } from './watch-settings.ts';

const list = (query: string) => listOptions(new URLSearchParams(query)).show;
const watch = (query: string) => watchOptions(new URLSearchParams(query));

test('K33: the matrix of version, match and limit', () => {
  assert.deepEqual(list(''), { kind: 'newest' });
  assert.deepEqual(list('limit=5'), { kind: 'newest' });
  assert.deepEqual(list('resourceVersion=0'), { kind: 'any' });
  assert.deepEqual(list('resourceVersion=0&resourceVersionMatch=NotOlderThan&limit=5'), { kind: 'any' });
  assert.deepEqual(list('resourceVersion=7'), { kind: 'at-least', revision: 7n });
  assert.deepEqual(list('resourceVersion=7&resourceVersionMatch=NotOlderThan&limit=5'), {
    kind: 'at-least',
    revision: 7n,
  });
  assert.deepEqual(list('resourceVersion=7&resourceVersionMatch=Exact'), { kind: 'exactly', revision: 7n });
  assert.deepEqual(list('resourceVersion=7&limit=5'), { kind: 'exactly', revision: 7n });
});

test('W20: versions are decimal numbers of 63 bits without leading zeros', () => {
  for (const version of ['01', '-1', '1.0', '1e3', ' 1', '9223372036854775808', '0x1']) {
    assert.throws(() => list(`resourceVersion=${encodeURIComponent(version)}`), /invalid resource version/, version);
    assert.throws(() => watch(`resourceVersion=${encodeURIComponent(version)}`), /resourceVersion/, version);
  }
});

test('W7: the time of a watch, random between once and twice the minimum when none is asked for', () => {
  assert.equal(watch('timeoutSeconds=7').timeoutMs, 7_000);
  assert.equal(watch('timeoutSeconds=0').timeoutMs, undefined);
  assert.equal(lastsMs(7_000, standardWatchSettings), 7_000);
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const ms = lastsMs(watch('').timeoutMs, standardWatchSettings);
    assert.ok(ms >= 1_800_000 && ms < 3_600_000);
  }
  assert.ok(lastsMs(watch('timeoutSeconds=999999999999').timeoutMs, standardWatchSettings) < 2 ** 31);
  assert.throws(() => watch('timeoutSeconds=soon'), /invalid timeoutSeconds/);
});
