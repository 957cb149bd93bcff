import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addressOf, assertNothingLeft, embedded, example, kubectl, traces, up } from '../../harness/embedded.ts';
import { eventually } from '../../harness/eventually.ts';
import { openConsole } from '../../harness/pty.ts';

/** Real cloud-init in a real Debian: what the seed asks for is there. */
describe('the Debian guest', () => {
  let traced: string[] = [];

  before(async () => {
    await up(['tiny', 'debian']);
    traced = traces();
    await kubectl(['apply', '-f', '-'], example('debian.yaml'));
    await kubectl(['wait', 'vm/debian', '--for=condition=Running', '--timeout=60s']);
  });

  after(async () => {
    await kubectl(['delete', 'vm', 'debian', '--ignore-not-found', '--timeout=90s']);
    await assertNothingLeft(traced);
  });

  it('has the user, the hostname and the file of its cloud-init data', async () => {
    const console = openConsole('debian');
    try {
      await console.until(/debian login:/, '\r', 200_000);
      console.type('torpor\r');
      await console.until(/assword:/);
      console.type('torpor\r');
      await console.until(/\$ /, undefined, 90_000);
      console.type('cloud-init status --wait; hostname; cat /etc/torpor-was-here; id -un\r');
      await console.until(/status: done[\s\S]*debian[\s\S]*written by cloud-init[\s\S]*torpor/, undefined, 120_000);
      console.type('\x1d');
      assert.equal(await console.ended, 0);
    } finally {
      console.kill();
    }
  });

  it('keeps its address over the whole boot', async () => {
    const address = await addressOf('debian');
    assert.ok(address.startsWith(embedded.addressPrefix), address);
    await eventually('the address is stable', 5000, async () =>
      (await addressOf('debian')) === address ? true : undefined,
    );
  });
});
