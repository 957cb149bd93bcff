import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { sleep } from '../../../base/backoff.ts';
import { resources } from '../../../openapi/client/resources.ts';
import {
  isRunning,
  machine,
  machineWhen,
  nothingRemains,
  processesOf,
  qemusOf,
  read,
  startNode,
  type TestNode,
  waitFor,
} from './node.ts';

/** The launcher is killed with SIGKILL at moments that sweep over a machine's life. Needs root. */
describe('a launcher that is killed', { skip: process.getuid?.() !== 0 && 'needs root', timeout: 400_000 }, () => {
  let node: TestNode;
  before(async () => {
    node = await startNode();
    await node.startLauncher();
  });
  after(() => node?.stop());
  const at = (name: string) => ({ namespace: 'default', name });
  const gone = (name: string) => waitFor(async () => (await read(node, name)) === undefined, `machine ${name} is gone`);

  test('during a start: the machine comes to run, once', async () => {
    for (const delay of [0, 30, 60, 90, 120, 160, 200, 260, 350]) {
      const name = `start-${delay}`;
      await node.client.create(resources.virtualMachines, machine(name));
      await sleep(delay);
      await node.endLauncher();
      const before = qemusOf(node, name);
      assert.ok(before.length <= 1);
      await node.startLauncher();
      const running = await machineWhen(node, name, isRunning);
      const now = qemusOf(node, name);
      assert.equal(now.length, 1, name);
      // A guest that ran is the guest that runs: it was adopted and not started again.
      if (before.length === 1) assert.deepEqual(now, before, name);
      assert.equal(running.status?.exit, undefined, name);
    }
    assert.equal(processesOf(node.mark).length, 18);
  });

  test('during the end of nine machines: all go, and nothing stays', async () => {
    const names = [0, 30, 60, 90, 120, 160, 200, 260, 350].map((delay) => `start-${delay}`);
    for (const [index, name] of names.entries()) {
      await node.client.delete(resources.virtualMachines, at(name));
      await sleep(index * 25);
      await node.endLauncher();
      await node.startLauncher();
      await gone(name);
      assert.deepEqual(qemusOf(node, name), []);
    }
    await nothingRemains(node);
  });

  test('and QEMU ends meanwhile: the exit is found, and runStrategy goes on from there', async () => {
    await node.client.create(resources.virtualMachines, machine('meanwhile', { runStrategy: 'Once' }));
    const { status } = await machineWhen(node, 'meanwhile', isRunning);
    await node.endLauncher();
    process.kill(qemusOf(node, 'meanwhile')[0] ?? 0, 'SIGABRT');
    await node.startLauncher();
    const failed = await machineWhen(node, 'meanwhile', (one) => one.status?.phase === 'Failed');
    assert.deepEqual([failed.status?.exit?.signal, failed.status?.exit?.bootID], ['SIGABRT', status?.bootID]);
    await node.client.delete(resources.virtualMachines, at('meanwhile'));
    await gone('meanwhile');
  });

  test('and the whole sandbox is killed meanwhile, as when the host restarts: Failed, and never the same boot again', async () => {
    await node.client.create(resources.virtualMachines, machine('reboot', { runStrategy: 'Once' }));
    await machineWhen(node, 'reboot', isRunning);
    await node.endLauncher();
    for (const pid of processesOf(node.mark)) process.kill(pid, 'SIGKILL');
    await node.startLauncher();
    const failed = await machineWhen(node, 'reboot', (one) => one.status?.phase === 'Failed');
    assert.equal(failed.status?.exit?.reason, 'SandboxLost');
    await node.client.delete(resources.virtualMachines, at('reboot'));
    await gone('reboot');
  });

  test('and the machine is deleted meanwhile, or its records are lost: what runs without an owner is ended', async () => {
    await node.client.create(resources.virtualMachines, machine('away'));
    await machineWhen(node, 'away', isRunning);
    await node.endLauncher();
    await node.client.delete(resources.virtualMachines, at('away'));
    await node.startLauncher();
    await gone('away');
    await nothingRemains(node);

    await node.client.create(resources.virtualMachines, machine('amnesia', { runStrategy: 'Once' }));
    await machineWhen(node, 'amnesia', isRunning);
    await node.endLauncher();
    rmSync(`${node.home}/node/machines`, { recursive: true });
    await node.startLauncher();
    const lost = await machineWhen(node, 'amnesia', (one) => one.status?.phase === 'Failed');
    assert.equal(lost.status?.exit?.reason, 'SandboxLost');
    await nothingRemains(node);
    await node.client.delete(resources.virtualMachines, at('amnesia'));
    await gone('amnesia');
    await nothingRemains(node);
  });

  test('two launchers never share a state directory', async () => {
    await assert.rejects(
      node.startLauncher(),
      /launcher ended with 1.*another launcher \(process \d+\) has the state directory/s,
    );
  });
});
