import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  addressOf,
  assertNothingLeft,
  embedded,
  example,
  http,
  kubectl,
  kubectlJSON,
  run,
  traces,
  up,
} from '../../harness/embedded.ts';
import { eventually } from '../../harness/eventually.ts';
import { openConsole } from '../../harness/pty.ts';

/** The main job on real input: a machine described in YAML boots, serves, is typed into, and goes without a trace. */
describe('the life of the tiny machine', () => {
  let traced: string[] = [];

  before(async () => {
    await up();
    await kubectl(['delete', 'vm', '--all', '--wait', '--timeout=60s']);
    traced = traces();
  });

  after(async () => {
    await kubectl(['delete', 'vm', '--all', '--wait', '--timeout=60s']);
  });

  it('is running after kubectl apply', async () => {
    await kubectl(['apply', '-f', '-'], example('tiny.yaml'));
    await kubectl(['wait', 'vm/tiny', '--for=condition=Running', '--timeout=60s']);
  });

  it('is applied again without a change', async () => {
    const said = await kubectl(['apply', '-f', '-'], example('tiny.yaml'));
    assert.match(said, /unchanged/);
  });

  it('stands in the table with its status, node and address', async () => {
    const table = await kubectl(['get', 'vms']);
    const [head = '', row = ''] = table.split('\n');
    assert.deepEqual(head.trim().split(/\s+/), ['NAME', 'STATUS', 'READY', 'NODE', 'IP', 'AGE']);
    const [name, status, ready, node, address = ''] = row.split(/\s+/);
    assert.deepEqual([name, status, ready, node], ['tiny', 'Running', 'True', 'test-node']);
    assert.ok(address.startsWith(embedded.addressPrefix), address);
  });

  it('says what happened in its events', async () => {
    const described = await kubectl(['describe', 'vm', 'tiny']);
    assert.match(described, /Scheduled/);
    assert.match(described, /Started/);
  });

  it('has true conditions and the time of each stage', async () => {
    const machine = await kubectlJSON<{
      metadata: { generation: number };
      status: { timings: Record<string, number>; conditions: { type: string; status: string }[] };
    }>(['get', 'vm', 'tiny']);
    const conditions = Object.fromEntries(machine.status.conditions.map(({ type, status }) => [type, status]));
    for (const type of ['Scheduled', 'VolumesReady', 'NetworkReady', 'Running'])
      assert.equal(conditions[type], 'True', type);
    assert.ok(Object.keys(machine.status.timings).length >= 3, JSON.stringify(machine.status.timings));
  });

  it('serves over HTTP what its user-data wrote', async () => {
    assert.match(await http(await addressOf('tiny')), /hello from tiny/i);
  });

  it('shows a login on its console, and a shell behind it', async () => {
    const console = openConsole('tiny');
    try {
      await console.until(/login:/, '\r');
      console.type('root\r');
      await console.until(/assword/);
      console.type('tiny\r');
      await console.until(/#/);
      console.type('echo sum=$((40+2))\r');
      await console.until(/sum=42/);
      console.type('exit\r');
      console.type('\x1d');
      assert.equal(await console.ended, 0);
    } finally {
      console.kill();
    }
  });

  it('stops and starts by the plugin', async () => {
    assert.equal((await run('kubectl', ['vm', 'stop', 'tiny'])).code, 0);
    // Not by `wait --for=jsonpath`, which kubectl 1.20 does not have.
    await eventually('tiny is stopped', 40_000, async () =>
      (await kubectl(['get', 'vm', 'tiny', '-o', 'jsonpath={.status.phase}'])) === 'Stopped' ? true : undefined,
    );
    await assertNothingLeft(traced);
    assert.equal((await run('kubectl', ['vm', 'start', 'tiny'])).code, 0);
    await kubectl(['wait', 'vm/tiny', '--for=condition=Running', '--timeout=60s']);
    assert.match(await http(await addressOf('tiny')), /hello from tiny/i);
  });

  it('is another boot after a restart by the plugin', async () => {
    const state = async () =>
      (await kubectl(['get', 'vm', 'tiny', '-o', 'jsonpath={.status.phase} {.status.bootID}'])).split(' ');
    const [, first] = await state();
    assert.equal((await run('kubectl', ['vm', 'restart', 'tiny'])).code, 0);
    await eventually('another boot', 90_000, async () => {
      const [phase, boot] = await state();
      return phase === 'Running' && boot !== first ? true : undefined;
    });
  });

  it('goes without a trace', async () => {
    await http(await addressOf('tiny'));
    const started = Date.now();
    await kubectl(['delete', 'vm', 'tiny', '--timeout=60s']);
    assert.ok(Date.now() - started < 30_000, 'the guest was asked to power off and did so within its grace period');
    await assertNothingLeft(traced);
  });
});
