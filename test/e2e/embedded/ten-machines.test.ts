import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { addressOf, assertNothingLeft, example, http, kubectl, traces, up } from '../../harness/embedded.ts';

const NAMES = Array.from({ length: 10 }, (_, index) => `ten-${index}`);

describe('ten machines at once', () => {
  let traced: string[] = [];

  before(async () => {
    await up();
    traced = traces();
  });

  it('all run, each with an address of its own, and all answer', async () => {
    const one = example('tiny.yaml');
    const all = NAMES.map((name) => one.replace(/\btiny\b(?=\s*[,}\n])/, name)).join('\n---\n');
    await kubectl(['apply', '-f', '-'], all);
    await kubectl(['wait', ...NAMES.map((name) => `vm/${name}`), '--for=condition=Running', '--timeout=110s']);
    const addresses = await Promise.all(NAMES.map((name) => addressOf(name)));
    assert.equal(new Set(addresses).size, NAMES.length);
    const pages = await Promise.all(addresses.map((address) => http(address, '/', 110_000)));
    for (const page of pages) assert.match(page, /hello/i);
  });

  it('all go without a trace', async () => {
    await kubectl(['delete', 'vm', ...NAMES, '--timeout=110s']);
    await assertNothingLeft(traced);
  });
});
