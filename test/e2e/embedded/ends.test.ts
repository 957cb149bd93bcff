import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, assertNothingLeft, embedded, http, kubectl, run, traces, up } from '../../harness/embedded.ts';
import { eventually } from '../../harness/eventually.ts';
import { helperProcess, kill9, qemuPids, uidOf } from '../../harness/faults.ts';
import {
  createTiny,
  deleteMachines,
  seed,
  statusOf,
  tinyDisk,
  untilRunning,
  untilStatus,
} from '../../harness/tiny-machine.ts';

const BLANK = [{ name: 'root', emptyDisk: { capacity: '1Gi' } }];

/** How a machine ends, and what its runStrategy makes of it (KubeVirt's table). */
describe('the end of a guest', () => {
  let traced: string[] = [];

  before(async () => {
    await up();
    traced = traces();
  });
  afterEach(async () => {
    await deleteMachines('ends');
    await assertNothingLeft(traced);
  });

  async function killQemu(): Promise<void> {
    await kill9(await helperProcess('qemu', await uidOf('ends')));
  }
  /** Still so after a while in which it would have been started again. */
  async function stays(phase: string): Promise<void> {
    const status = await untilStatus('ends', phase, (now) => now.phase === phase && now.nodeName === undefined);
    await sleep(2000);
    const later = await statusOf('ends');
    assert.deepEqual([later.phase, later.nodeName, later.nextStartTime], [phase, undefined, undefined]);
    assert.deepEqual(later, status);
    assert.deepEqual(qemuPids(await uidOf('ends')), []);
    await assertNothingLeft(traced);
  }

  it('that dies soon is waited for longer each time with Always', async () => {
    await createTiny('ends', { volumes: BLANK, terminationGracePeriodSeconds: 0 });
    const first = await untilRunning('ends');
    await killQemu();
    const waiting = await untilStatus('ends', 'waits', (now) => now.nextStartTime !== undefined);
    assert.deepEqual([waiting.phase, waiting.reason, waiting.startFailureCount], ['Pending', 'BackOff', 1]);
    assert.match(waiting.message ?? '', /QEMU was ended by SIGKILL.* soon after its start; it is started again at /);
    const second = await untilRunning('ends', first.bootID);
    assert.equal(second.startFailureCount, 1);
    await killQemu();
    const again = await untilStatus('ends', 'waits again', (now) => now.startFailureCount === 2);
    assert.match(again.message ?? '', /2 times in a row/);
    const pause = (status: typeof again) =>
      Date.parse(status.nextStartTime ?? '') - Date.parse(status.exit?.finishedAt ?? '');
    assert.ok(pause(again) > pause(waiting), `${pause(waiting)} ms, then ${pause(again)} ms`);

    // Who does not want to wait stops it and starts it.
    assert.equal((await run('kubectl', ['vm', 'stop', 'ends'])).code, 0);
    const stopped = await statusOf('ends');
    assert.deepEqual(
      [stopped.phase, stopped.nextStartTime, stopped.startFailureCount],
      ['Stopped', undefined, undefined],
    );
    assert.equal((await run('kubectl', ['vm', 'start', 'ends'])).code, 0);
    await untilRunning('ends', second.bootID);
  });

  it('is final with Once', async () => {
    await createTiny('ends', { volumes: BLANK, runStrategy: 'Once' });
    await untilRunning('ends');
    await killQemu();
    await stays('Failed');
  });

  it('is final with Manual until somebody starts it', async () => {
    await createTiny('ends', { volumes: BLANK, runStrategy: 'Manual', terminationGracePeriodSeconds: 0 });
    await stays('Stopped');
    assert.equal((await run('kubectl', ['vm', 'start', 'ends'])).code, 0);
    const { bootID } = await untilRunning('ends');
    await killQemu();
    await stays('Failed');
    assert.equal((await run('kubectl', ['vm', 'start', 'ends'])).code, 0);
    await untilRunning('ends', bootID);
  });

  it('leads to another start with RerunOnFailure', async () => {
    await createTiny('ends', { volumes: BLANK, runStrategy: 'RerunOnFailure', terminationGracePeriodSeconds: 0 });
    const { bootID } = await untilRunning('ends');
    await killQemu();
    await untilStatus('ends', 'waits', (now) => now.reason === 'BackOff' && now.startFailureCount === 1);
    await untilRunning('ends', bootID);
  });

  it('is a stop when it dies while it is being halted', async () => {
    await createTiny('ends', { volumes: BLANK, terminationGracePeriodSeconds: 30 });
    await untilRunning('ends');
    await kubectl(['patch', 'vm', 'ends', '--type=merge', '-p', '{"spec":{"runStrategy":"Halted"}}']);
    await untilStatus('ends', 'is stopping', ({ phase }) => phase === 'Stopping');
    await killQemu();
    await stays('Stopped');
  });

  it('that powers itself off has succeeded', async () => {
    await createTiny('ends', {
      volumes: [tinyDisk(), seed('#!/bin/sh\nshutdown poweroff\n')],
      runStrategy: 'RerunOnFailure',
    });
    await untilStatus('ends', 'has succeeded', ({ phase }) => phase === 'Succeeded', 120_000);
    const { exit } = await statusOf('ends');
    assert.deepEqual([exit?.reason, exit?.exitCode], ['GuestPowerOff', 0]);
    await stays('Succeeded');
  });

  it('is none when it reboots: the same boot goes on', async () => {
    const page = 'echo "from the first start" >/www/index.html; sync; shutdown reboot';
    await createTiny('ends', { volumes: [tinyDisk(), seed(`#!/bin/sh\n${page}\n`)] });
    const uid = await uidOf('ends');
    const { bootID } = await untilRunning('ends');
    const { pid } = await helperProcess('qemu', uid);
    const serial = join(embedded.home, 'node/machines', uid, 'serial.log');
    await eventually('a second login on the serial console', 120_000, async () =>
      readFileSync(serial, 'utf8').split('login:').length > 2 ? true : undefined,
    );
    assert.match(await http(await addressOf('ends')), /from the first start/);
    const status = await statusOf('ends');
    assert.deepEqual([status.phase, status.bootID, status.exit], ['Running', bootID, undefined]);
    assert.deepEqual(qemuPids(uid), [pid]);
  });
});
