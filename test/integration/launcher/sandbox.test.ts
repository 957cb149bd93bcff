import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EndWatch } from '../../../launcher/machine/driver.ts';
import { createCgroups } from '../../../launcher/sandbox/cgroup.ts';
import { findHierarchies } from '../../../launcher/sandbox/cgroup-mounts.ts';
import type { SandboxIdentity } from '../../../launcher/sandbox/identity.ts';
import { createSandboxes } from '../../../launcher/sandbox/sandbox.ts';
import { isGone, OBEDIENT, shell, supervisorBinary, until } from '../../../launcher/supervisor/fixture.ts';

/** Real control groups, namespaces and supervisors; needs root. */
const needsRoot = { skip: process.getuid?.() !== 0 && 'needs root', timeout: 60_000 };
const limits = { memory: 256 * 1024 * 1024, processes: 64, cpu: 200 };

async function fixture(t: TestContext) {
  const runDirectory = mkdtempSync(join(tmpdir(), 'torpor-sb-'));
  execFileSync('chmod', ['711', runDirectory]);
  const name = `t${process.pid.toString(36)}${Math.floor(Math.random() * 1e4)}`;
  const namespacePath = `/run/netns/tp-${name}`;
  execFileSync('ip', ['netns', 'add', `tp-${name}`]);
  const cgroups = createCgroups(await findHierarchies());
  const sandboxes = createSandboxes({ runDirectory, supervisor: supervisorBinary(), cgroups });
  const identity: SandboxIdentity = {
    slot: 1,
    name,
    uid: 1_899_999_997,
    gid: 1_899_999_997,
    address: '10.0.0.1',
    namespacePath,
  };
  const sandbox = sandboxes.at(identity);
  t.after(async () => {
    await sandboxes.destroy(sandbox);
    execFileSync('ip', ['netns', 'del', `tp-${name}`]);
    rmSync(runDirectory, { recursive: true });
  });
  await sandboxes.prepare(sandbox);
  const plan = (script: string) =>
    writeFileSync(
      join(sandbox.directory, 'plan'),
      shell(script)
        .map((argument) => `${argument}\0`)
        .join(''),
    );
  const launch = (listener: EndWatch) =>
    sandboxes.launch(sandbox, { limits, taps: [], grace: 5, group: undefined, listener });
  return { sandboxes, sandbox, cgroups, plan, launch, name };
}

test('X1: a launched machine has its limits, its namespace and its user', needsRoot, async (t) => {
  const { sandboxes, sandbox, cgroups, plan, launch, name } = await fixture(t);
  plan('read -r line <&3; exec sleep 1000');
  assert.deepEqual(await sandboxes.find(sandbox, new EndWatch()), { kind: 'fresh' });
  const client = await launch(new EndWatch());
  const { pid } = await client.request({ do: 'start' });
  await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep'), 'the guest runs');
  for (const line of readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')) {
    if (/:(memory|pids|cpu|):/.test(line) && !line.startsWith('0::/\n'))
      assert.match(line, new RegExp(`/torpor/${name}$|^0::/`));
  }
  const namespaces = execFileSync('ip', ['netns', 'identify', String(pid)])
    .toString()
    .trim();
  assert.equal(namespaces, `tp-${name}`);
  assert.deepEqual((await cgroups.processes(name)).length, 2);
  assert.ok((await cgroups.list(name)).includes(name));
  assert.ok(((await cgroups.memoryInUse(name)) ?? 0) > 0);
  client.close();
  // A second launch ends in the supervisor that runs: its lock sends the new one away.
  const again = await launch(new EndWatch());
  const state = await again.request({ do: 'status' });
  assert.deepEqual([state.state, state.run, state.pid], ['running', 1, pid]);
  await until(
    () => readFileSync(join(sandbox.directory, 'supervisor.err'), 'utf8').includes('locking'),
    'the second is sent away',
  );
  assert.equal((await cgroups.processes(name)).length, 2);
  again.close();
});

test('X2: an agent that comes back finds what runs, what has ended, and what is lost', needsRoot, async (t) => {
  const { sandboxes, sandbox, plan, launch, cgroups, name } = await fixture(t);
  plan(OBEDIENT);
  const first = await launch(new EndWatch());
  await first.request({ do: 'start' });
  first.close();

  const running = await sandboxes.find(sandbox, new EndWatch());
  assert.ok(running.kind === 'attached' && running.state.state === 'running');
  await running.client.request({ do: 'stop', grace: 10 });
  running.client.close();

  const watch = new EndWatch();
  await until(() => readFileSync(join(sandbox.directory, 'lock'), 'utf8') === '1\n', 'the run is on disk');
  const ended = await sandboxes.find(sandbox, watch);
  assert.ok(ended.kind === 'attached');
  assert.deepEqual(await watch.ended.then(({ kind }) => kind), 'powered-off');
  ended.client.close();

  for (const pid of await cgroups.processes(name)) process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${ended.state.pid}`) || isGone(ended.state.pid), 'it is gone');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const lost = await sandboxes.find(sandbox, new EndWatch());
  assert.equal(lost.kind, 'lost');
  assert.equal(await sandboxes.hasRun(sandbox), true);
});

test('a supervisor that is killed takes its guest along and is noticed at once', needsRoot, async (t) => {
  const { plan, launch, cgroups, name } = await fixture(t);
  plan('exec sleep 1000');
  const watch = new EndWatch();
  const client = await launch(watch);
  const { pid } = await client.request({ do: 'start' });
  const [supervisor] = (await cgroups.processes(name)).filter((one) => one !== pid);
  process.kill(supervisor ?? 0, 'SIGKILL');
  assert.equal((await watch.ended).kind, 'lost');
  await until(() => isGone(pid), 'the guest is gone');
});

test(
  'X3: destroy ends everything, also what forks and ignores signals, and may be called again',
  needsRoot,
  async (t) => {
    const { sandboxes, sandbox, plan, launch, cgroups, name } = await fixture(t);
    plan(
      'trap "" TERM INT HUP; for i in 1 2 3 4 5 6 7 8; do (trap "" TERM; while :; do sleep 0.01; done) & done; wait',
    );
    const client = await launch(new EndWatch());
    await client.request({ do: 'start' });
    await until(() => readFileSync('/proc/loadavg', 'utf8') !== '', 'it forks');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = await cgroups.processes(name);
    assert.ok(before.length >= 9);
    await sandboxes.destroy(sandbox);
    await sandboxes.destroy(sandbox);
    assert.deepEqual(
      [await cgroups.processes(name), await cgroups.list(name), existsSync(sandbox.directory)],
      [[], [], false],
    );
    assert.ok(before.every(isGone));
  },
);

test('a supervisor that cannot come up says why', needsRoot, async (t) => {
  const { launch, sandboxes, sandbox } = await fixture(t);
  const options = { limits, taps: ['no-such-tap'], grace: 5, group: undefined, listener: new EndWatch() };
  await assert.rejects(sandboxes.launch(sandbox, options), /attaching to tap no-such-tap/);
  // Nothing ran, so it may be tried again.
  (await launch(new EndWatch())).close();
});

test('a path that is too long for sockets is refused before anything is made', async () => {
  const cgroups = createCgroups([]);
  const sandboxes = createSandboxes({ runDirectory: `/${'x'.repeat(80)}`, supervisor: '/none', cgroups });
  const identity = { slot: 1, name: 'abcd0001', uid: 1, gid: 1, address: '', namespacePath: '' };
  assert.throws(() => sandboxes.at(identity), /too long for sockets.*--run-dir/);
});
