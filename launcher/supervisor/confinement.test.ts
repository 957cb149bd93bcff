import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { asRoot, processStatus, run, sandboxDirectory, shell, TEST_UID, writePlan } from './fixture.ts';

test('S2: a directory has one supervisor, and none after a guest has run there', async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell('exec sleep 1000'));
  const first = run(t, directory);
  const agent = await first.connect();
  await agent.ask({ do: 'status' });
  const second = run(t, directory);
  assert.equal((await second.ended).code, 70);
  assert.match(second.errors(), /locking .*Resource temporarily unavailable/);
  await agent.ask({ do: 'start' });
  assert.equal(readFileSync(join(directory, 'lock'), 'utf8'), '1\n');
  first.child.kill('SIGKILL');
  await first.ended;
  const third = run(t, directory);
  assert.equal((await third.ended).code, 70);
  assert.match(third.errors(), /a guest has run before/);
});

test('S3: the guest inherits what the protocol lists and nothing else', async (t) => {
  const directory = sandboxDirectory(t);
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  await agent.ask({ do: 'attach' });
  const outputOf = async (argv: readonly string[]) => {
    writePlan(directory, argv);
    await agent.ask({ do: 'start' });
    return String((await agent.next()).exit?.output);
  };
  const listing = await outputOf(['/bin/ls', '-l', '/proc/self/fd']);
  const found = [...listing.matchAll(/ (\d+) -> ([^:\n]+)/g)].map(
    ([, fd, target = '']) => `${fd} ${target.replace(/\d+/, 'N')}`,
  );
  // The last is ls's own: the directory that it lists.
  const expected = ['0 /dev/null', '1 pipe', '2 pipe', '3 socket', '4 socket', '5 socket', '6 socket', '7 /proc/N/fd'];
  assert.deepEqual(found, expected);
  assert.deepEqual((await outputOf(['/usr/bin/env'])).trim().split('\n'), ['PATH=/usr/bin:/bin', 'LC_ALL=C']);
});

test('S4: neither the supervisor nor the guest has privileges or a way back to them', {
  skip: !asRoot && 'needs root to give up',
}, async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell('read -r line <&3; exec sleep 1000'));
  const supervisor = run(t, directory, ['--group', '7']);
  const agent = await supervisor.connect();
  const pid = Number((await agent.ask({ do: 'start' })).pid);
  for (const one of [pid, supervisor.child.pid ?? 0]) {
    const status = processStatus(one);
    const ids = Array(4).fill(String(TEST_UID)).join('\t');
    assert.deepEqual([status.get('Uid'), status.get('Gid'), status.get('Groups')], [ids, ids, '7']);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.equal(Number.parseInt(status.get(set) ?? '1', 16), 0, set);
    assert.equal(status.get('NoNewPrivs'), '1');
    assert.match(readFileSync(`/proc/${one}/limits`, 'utf8'), /Max core file size\s+0\s+0/);
  }
});

test('S4: it refuses to run a guest as root', { skip: !asRoot && 'needs root' }, async (t) => {
  const directory = sandboxDirectory(t);
  const supervisor = run(t, directory, ['--uid', '0', '--gid', '0']);
  assert.equal((await supervisor.ended).code, 70);
  assert.match(supervisor.errors(), /never runs as root/);
});

test('sockets are there before the guest, for their owner alone, and hold clients that come early', async (t) => {
  const directory = sandboxDirectory(t);
  writePlan(directory, shell('exec sleep 1000'));
  const supervisor = run(t, directory);
  await (await supervisor.connect()).ask({ do: 'status' });
  for (const name of ['control', 'qmp', 'serial', 'guest-agent']) {
    const { mode } = lstatSync(join(directory, name));
    assert.equal(mode & 0o777, 0o600, name);
    await new Promise<void>((resolve, reject) => {
      const socket = createConnection(join(directory, name), () => resolve(void socket.destroy()));
      socket.once('error', reject);
    });
  }
});

test('S8: a client that does not read is dropped; four are served, a fifth is sent away', async (t) => {
  const supervisor = run(t, sandboxDirectory(t));
  const deaf = await supervisor.connect();
  deaf.socket.pause();
  const flood = setInterval(() => deaf.socket.write('{"id":1,"do":"status"}\n'.repeat(500)), 1);
  t.after(() => clearInterval(flood));
  const agent = await supervisor.connect();
  for (let round = 0; round < 20; round += 1) assert.equal((await agent.ask({ do: 'status' })).ok, true);
  clearInterval(flood);
  deaf.socket.destroy();
  const others = await Promise.all([1, 2, 3].map(() => supervisor.connect()));
  for (const other of others) assert.equal((await other.ask({ do: 'status' })).ok, true);
  await (await supervisor.connect()).closed;
});

test('S9: what is no request is answered with an error, and harms nobody', async (t) => {
  const directory = sandboxDirectory(t);
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  const wrong = [
    'hello',
    '{}',
    '[]',
    '{"id":1}',
    '{"id":1,"do":"start"',
    '{"id":1,"do":"start"} ',
    '{"id":1,"do":"launch"}',
    '{"id":1,"do":"set","ready":1}',
  ];
  wrong.push(
    '{"id":1,"do":"set","wrong":true}',
    '{"id":1,"do":"stop","grace":99999999}',
    '{"id":1,"do":"poll-wake"}',
    '{"id":1,"do":"stop","grace":-5}',
    '{"do":"status","id":1}',
  );
  for (const line of wrong) {
    agent.send(`${line}\n`);
    assert.equal(typeof (await agent.next()).error, 'string', line);
  }
  agent.send(`${'x'.repeat(5000)}\n`);
  await agent.closed;
  const other = await supervisor.connect();
  assert.equal((await other.ask({ do: 'status' })).state, 'idle');
});

test('a plan that is none is refused with a reason, and nothing has run', async (t) => {
  const directory = sandboxDirectory(t);
  const supervisor = run(t, directory);
  const agent = await supervisor.connect();
  assert.match(String((await agent.ask({ do: 'start' })).error), /cannot open the file plan/);
  for (const text of ['', 'sh\0', '/bin/sh', `/bin/sh\0${'a\0'.repeat(1100)}`, `/bin/sh\0${'a'.repeat(140_000)}\0`]) {
    writeFileSync(join(directory, 'plan'), text);
    assert.match(String((await agent.ask({ do: 'start' })).error), /the plan/);
  }
  assert.equal(readFileSync(join(directory, 'lock'), 'utf8'), '');
  writePlan(directory, ['/no/such/qemu']);
  await agent.ask({ do: 'attach' });
  await agent.ask({ do: 'start' });
  const { exit } = await agent.next();
  assert.deepEqual([exit?.code, exit?.output], [127, 'cannot execute /no/such/qemu: No such file or directory\n']);
});

test('it attaches to a tap in its own network namespace', { skip: !asRoot && 'needs root' }, async (t) => {
  const name = `tp-test-${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  t.after(() => execFileSync('ip', ['netns', 'del', name]));
  execFileSync('ip', [
    '-n',
    name,
    'tuntap',
    'add',
    'tap0',
    'mode',
    'tap',
    'user',
    String(TEST_UID),
    'group',
    String(TEST_UID),
  ]);
  const directory = sandboxDirectory(t);
  writePlan(
    directory,
    shell('readlink /proc/$$/fd/7; cat /proc/$$/fdinfo/7; readlink /proc/$$/ns/net; exec sleep 1000'),
  );
  const supervisor = run(t, directory, ['--netns', `/run/netns/${name}`, '--tap', 'tap0']);
  const agent = await supervisor.connect();
  await agent.ask({ do: 'attach' });
  await agent.ask({ do: 'start' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await agent.ask({ do: 'stop', grace: 0 });
  const output = String((await agent.next()).exit?.output);
  assert.match(output, /^\/dev\/net\/tun\n/);
  assert.match(output, /iff:\ttap0/);
  const missing = run(t, sandboxDirectory(t), ['--netns', `/run/netns/${name}`, '--tap', 'tap0']);
  assert.equal((await missing.ended).code, 70);
  assert.match(missing.errors(), /attaching to tap tap0: Device or resource busy/);
});
