import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
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

/** A machine's life on a node, with the real programs. Needs root. */
describe('the life of a machine', { skip: process.getuid?.() !== 0 && 'needs root', timeout: 240_000 }, () => {
  let node: TestNode;
  before(async () => {
    node = await startNode();
    await node.startLauncher();
  });
  after(() => node?.stop());
  const create = (...args: Parameters<typeof machine>) =>
    node.client.create(resources.virtualMachines, machine(...args));
  const remove = async (name: string) => {
    await node.client.delete(resources.virtualMachines, { namespace: 'default', name });
    await waitFor(async () => (await read(node, name)) === undefined, `machine ${name} is gone`);
  };

  test('it runs after three stored writes, with address and timings, and leaves nothing', async () => {
    await create('one');
    const running = await machineWhen(node, 'one', isRunning);
    const { status } = running;
    assert.match(status?.addresses?.[0] ?? '', /^10\./);
    assert.deepEqual([status?.nodeName, status?.machine?.accelerator === undefined], ['n1', false]);
    assert.ok((status?.timings?.total ?? 0) > 0);
    assert.equal(running.metadata.generation, status?.observedGeneration);
    assert.deepEqual(
      status?.phaseTransitionTimestamps?.map(({ phase }) => phase),
      ['Pending', 'Preparing', 'Running'],
    );
    assert.equal(qemusOf(node, 'one').length, 1);
    await remove('one');
    await nothingRemains(node);
  });

  test('it stops when it is halted, and starts as another boot', async () => {
    await create('two');
    const first = await machineWhen(node, 'two', isRunning);
    const at = { namespace: 'default', name: 'two' };
    await node.client.patch(resources.virtualMachines, at, { spec: { runStrategy: 'Halted' } });
    const stopped = await machineWhen(node, 'two', ({ status }) => status?.phase === 'Stopped');
    assert.deepEqual(
      [stopped.status?.nodeName, stopped.status?.bootID, stopped.status?.lastNodeName],
      [undefined, undefined, 'n1'],
    );
    assert.deepEqual([stopped.status?.exit?.bootID, stopped.status?.exit?.reason], [first.status?.bootID, 'Killed']);
    await nothingRemains(node);
    await node.client.patch(resources.virtualMachines, at, { spec: { runStrategy: 'Always' } });
    const second = await machineWhen(node, 'two', isRunning);
    assert.notEqual(second.status?.bootID, first.status?.bootID);
    assert.equal(second.status?.addresses?.[0], first.status?.addresses?.[0]);
    await remove('two');
  });

  test('a restart ends the boot and starts another, once', async () => {
    await create('three');
    const first = await machineWhen(node, 'three', isRunning);
    await node.client.action(resources.virtualMachines, { namespace: 'default', name: 'three' }, 'restart');
    const second = await machineWhen(
      node,
      'three',
      (one) => isRunning(one) && one.status?.bootID !== first.status?.bootID,
    );
    assert.equal(second.status?.requests, undefined);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal((await read(node, 'three'))?.status?.bootID, second.status?.bootID);
    await remove('three');
  });

  test('QEMU that dies is seen at once, with its last words; once means once', async () => {
    await create('four', { runStrategy: 'Once' });
    await machineWhen(node, 'four', isRunning);
    const [pid = 0] = qemusOf(node, 'four');
    const killed = performance.now();
    process.kill(pid, 'SIGSEGV');
    const failed = await machineWhen(node, 'four', ({ status }) => status?.phase === 'Failed');
    assert.ok(performance.now() - killed < 5000);
    assert.deepEqual(
      [failed.status?.exit?.reason, failed.status?.exit?.signal, failed.status?.nodeName],
      ['HypervisorDied', 'SIGSEGV', undefined],
    );
    assert.deepEqual(qemusOf(node, 'four'), []);
    await nothingRemains(node);
    await remove('four');
  });

  test('a supervisor that is killed ends the boot as lost', async () => {
    await create('five', { runStrategy: 'Once' });
    await machineWhen(node, 'five', isRunning);
    const qemus = qemusOf(node, 'five');
    for (const pid of processesOf(node.mark)) if (!qemus.includes(pid)) process.kill(pid, 'SIGKILL');
    const failed = await machineWhen(node, 'five', ({ status }) => status?.phase === 'Failed');
    assert.equal(failed.status?.exit?.reason, 'SandboxLost');
    await remove('five');
  });

  test('a machine that cannot be built here says why', async () => {
    await create('six', {
      runStrategy: 'Once',
      domain: { memory: { guest: '32Mi' }, cpu: { model: 'host-passthrough' } },
    });
    const failed = await machineWhen(node, 'six', ({ status }) => status?.phase === 'Failed');
    assert.equal(failed.status?.exit?.reason, 'NeedsHardwareAcceleration');
    assert.match(failed.status?.exit?.message ?? '', /choose host-model or another host/);
    await create('seven', {
      runStrategy: 'Once',
      domain: { memory: { guest: '32Mi' }, cpu: { model: 'no-such-processor' } },
    });
    const died = await machineWhen(node, 'seven', ({ status }) => status?.phase === 'Failed');
    assert.match(died.status?.exit?.message ?? '', /unable to find CPU model 'no-such-processor'/);
    assert.match(died.status?.exit?.lastOutput ?? '', /no-such-processor/);
    await Promise.all([remove('six'), remove('seven')]);
  });

  test('a Secret that is missing is waited for, and the machine starts when it comes', async () => {
    const devices = { autoattachGraphicsDevice: false, disks: [{ name: 'seed', disk: { bus: 'virtio' as const } }] };
    await create('eight', {
      domain: { memory: { guest: '32Mi' }, devices },
      volumes: [{ name: 'seed', cloudInitNoCloud: { secretRef: { name: 'later' } } }],
    });
    const waiting = await machineWhen(
      node,
      'eight',
      ({ status }) =>
        status?.conditions?.some(({ type, status: value }) => type === 'VolumesReady' && value === 'False') ?? false,
    );
    const condition = waiting.status?.conditions?.find(({ type }) => type === 'VolumesReady');
    assert.equal(waiting.status?.phase, 'Preparing');
    assert.match(condition?.message ?? '', /later/);
    const userData = Buffer.from('#cloud-config\n').toString('base64');
    await node.client.create(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'later', namespace: 'default' },
      data: { userdata: userData },
    });
    const running = await machineWhen(node, 'eight', isRunning);
    assert.equal(running.status?.conditions?.find(({ type }) => type === 'VolumesReady')?.status, 'True');
    await remove('eight');
  });

  test('an image that cannot be had is a condition, and the machine can still be deleted at once', async () => {
    const devices = { autoattachGraphicsDevice: false, disks: [{ name: 'root', disk: { bus: 'virtio' as const } }] };
    await create('nine', {
      domain: { memory: { guest: '32Mi' }, devices },
      volumes: [{ name: 'root', registryDisk: { image: 'localhost:1/none:latest' } }],
    });
    const stuck = await machineWhen(
      node,
      'nine',
      ({ status }) =>
        status?.conditions?.some(({ type, status: value }) => type === 'VolumesReady' && value === 'False') ?? false,
    );
    assert.equal(stuck.status?.phase, 'Preparing');
    const began = performance.now();
    await remove('nine');
    assert.ok(performance.now() - began < 5000);
    await nothingRemains(node);
  });

  test('SIGTERM ends the launcher in order and no machine; what has no owner is gone after the next start', async () => {
    await create('ten');
    const before = await machineWhen(node, 'ten', isRunning);
    const [pid] = qemusOf(node, 'ten');
    assert.equal(await node.endLauncher('SIGTERM'), 0);
    assert.deepEqual(qemusOf(node, 'ten'), [pid]);
    const stray = `${node.home}/node/machines/no-record`;
    mkdirSync(stray);
    writeFileSync(`${stray}/file`, 'x');
    mkdirSync(`${node.home}/run/${node.mark}ffff`);
    const foreign = `${node.home}/run/something-else`;
    mkdirSync(foreign);
    await node.startLauncher();
    await machineWhen(node, 'ten', isRunning);
    assert.deepEqual([qemusOf(node, 'ten'), (await read(node, 'ten'))?.status?.bootID], [[pid], before.status?.bootID]);
    await remove('ten');
    await nothingRemains(node, ['something-else']);
  });
});
