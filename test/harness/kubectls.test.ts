import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { KUBECTL_RELEASES, kubectls } from './kubectls.ts';

test('three kubectls, oldest first, and each runs and is what it says', async () => {
  const all = await kubectls();
  assert.deepEqual(
    all.map(({ release }) => release),
    [...KUBECTL_RELEASES],
  );
  assert.deepEqual(
    all.slice(0, 2).map(({ version }) => version),
    ['1.20', '1.32'],
  );
  assert.ok(Number(all[2]?.version.split('.')[1]) >= 36, all[2]?.version);
  for (const { program, version } of all) {
    const { stdout } = await promisify(execFile)(program, ['version', '--client', '-o', 'json']);
    assert.ok(stdout.includes(`"gitVersion": "v${version}.`), stdout);
  }
});
