import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { isGone, OBEDIENT, run, sandboxDirectory, shell, supervisorBinary, until, writePlan } from './fixture.ts';

test('a guest is started, followed and reported: exit status, last output', async (t) => {
  const directory = sandboxDirectory(t);
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  const before = await agent.ask({ do: 'attach' });
  assert.deepEqual([before.state, before.run, before.pid, before.exit], ['idle', 0, 0, undefined]);
  writePlan(directory, shell('printf "%05000d" 7; echo "the \\"end\\" $(printf "\\001\\303\\244")" >&2; exit 3'));
  assert.equal((await agent.ask({ do: 'start' })).state, 'running');
  const event = await agent.next();
  assert.deepEqual([event.event, event.state, event.run], ['exit', 'exited', 1]);
  const { exit } = event;
  assert.deepEqual([exit?.code, exit?.signal, exit?.killed, exit?.reason], [3, -1, false, '']);
  const output = String(exit?.output);
  assert.equal(output.length, 4096);
  assert.ok(output.endsWith('7the "end" \u0001\u00c3\u00a4\n'), JSON.stringify(output.slice(-40)));
});

test('S6: an exit is told at once to the attached client, and again to whoever comes later', async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell('read -r line <&3; kill -11 $$'));
  const supervisor = run(t, directory);
  const first = await supervisor.connect();
  await first.ask({ do: 'attach' });
  const second = await supervisor.connect();
  await second.ask({ do: 'attach' });
  await first.closed;
  await second.ask({ do: 'start' });
  assert.equal((await second.next()).exit?.signal, 11);
  const later = await supervisor.connect();
  assert.deepEqual(
    [(await later.ask({ do: 'attach' })).exit?.code, (await later.ask({ do: 'status' })).exit?.signal],
    [-1, 11],
  );
});

test('S7: the power button is pressed, and what QEMU says of the shutdown is passed on', async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell(OBEDIENT));
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  await agent.ask({ do: 'attach' });
  await agent.ask({ do: 'start' });
  assert.equal((await agent.ask({ do: 'stop', grace: 60 })).stopping, true);
  const { exit } = await agent.next();
  assert.deepEqual([exit?.code, exit?.killed, exit?.reason], [0, false, 'guest-shutdown']);
});

test('S7: a guest that does not follow is killed when its time is over, without the agent; a later stop only shortens', async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell('exec sleep 1000'));
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  await agent.ask({ do: 'start' });
  const began = performance.now();
  await agent.ask({ do: 'stop', grace: 1 });
  await agent.ask({ do: 'stop', grace: 600 });
  agent.socket.destroy();
  const other = await supervisor.connect();
  await other.ask({ do: 'attach' });
  const { exit } = await other.next();
  assert.deepEqual([exit?.signal, exit?.killed], [9, true]);
  assert.ok(performance.now() - began >= 990);
});

test('S7: no grace is an end at once', async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell(OBEDIENT));
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  await agent.ask({ do: 'attach' });
  await agent.ask({ do: 'start' });
  await agent.ask({ do: 'stop', grace: 0 });
  assert.deepEqual([(await agent.next()).exit?.killed], [true]);
});

test('S1: the guest dies with its supervisor', async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell('exec sleep 1000'));
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  const pid = Number((await agent.ask({ do: 'start' })).pid);
  assert.ok(!isGone(pid));
  supervisor.child.kill('SIGKILL');
  await until(() => isGone(pid), 'the guest dies');
});

test('S10: SIGTERM shuts the guest down and the supervisor leaves as the guest did', async (t) => {
  for (const [script, grace, expected] of [
    [OBEDIENT, '30', 0],
    ['exec sleep 1000', '0', 137],
    ['while read -r line <&3; do case $line in *powerdown*) exit 5;; esac; done', '30', 5],
  ] as const) {
    const directory = sandboxDirectory(t);
    writePlan(directory, shell(script));
    const supervisor = run(t, directory, ['--grace', grace]);
    const agent = await supervisor.connect();
    await agent.ask({ do: 'start' });
    supervisor.child.kill('SIGTERM');
    assert.deepEqual(await supervisor.ended, { code: expected, signal: null }, script);
  }
});

test('S10: SIGTERM with no guest ends it with 0; it never starts one', async (t) => {
  const supervisor = run(t, sandboxDirectory(t));
  await (await supervisor.connect()).ask({ do: 'status' });
  supervisor.child.kill('SIGTERM');
  assert.deepEqual(await supervisor.ended, { code: 0, signal: null });
});

test('a suspended guest is started again in the same sandbox; quit is refused while it runs', async (t) => {
  const directory = sandboxDirectory(t);
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  await agent.ask({ do: 'attach' });
  for (const round of [1, 2]) {
    writePlan(directory, shell('read -r line <&3; exec sleep 1000'));
    assert.equal((await agent.ask({ do: 'start' })).run, round);
    assert.match(String((await agent.ask({ do: 'start' })).error), /is running/);
    assert.match(String((await agent.ask({ do: 'quit' })).error), /stop it first/);
    await agent.ask({ do: 'stop', grace: 0 });
    assert.equal((await agent.next()).run, round);
  }
  await agent.ask({ do: 'quit' });
  assert.deepEqual(await supervisor.ended, { code: 137, signal: null });
});

test('S11: probes say what the agent said, and 70 when nobody answers', async (t) => {
  const directory = sandboxDirectory(t);
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  const probe = (what: string) => spawnSync(supervisorBinary(), [what, '--directory', directory]).status;
  await agent.ask({ do: 'attach' });
  assert.deepEqual([probe('ready'), probe('alive')], [1, 0]);
  await agent.ask({ do: 'set', ready: true });
  await agent.ask({ do: 'set', alive: false });
  assert.deepEqual([probe('ready'), probe('alive')], [0, 1]);
  await agent.ask({ do: 'quit' });
  await supervisor.ended;
  assert.equal(probe('alive'), 70);
});
