import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sleep } from '../../base/backoff.ts';
import { isAlive } from '../../base/process-identity.ts';
import { fingerprintOf, logFile, logTail, type ProgramToRun, start, stateOf, stop } from './detached.ts';
import { type Home, homeAt, makeHome } from './home.ts';

describe('detached processes', () => {
  let home: Home;
  before(async () => {
    home = homeAt(await mkdtemp(path.join(tmpdir(), 'torpor-dt-')));
    await makeHome(home);
  });
  after(() => rm(home.root, { recursive: true }));

  const program = (name: string, script: string): ProgramToRun => ({
    name,
    command: process.execPath,
    args: ['-e', script],
    files: [],
  });
  const patient = 'setInterval(() => {}, 1000); console.log("up")';

  it('D1 records what it starts, finds it again, and stops it within its grace', async () => {
    const record = await start(home, program('one', patient));
    assert.equal((await stateOf(home, 'one')).kind, 'running');
    assert.equal(await stop(home, 'one', 5000), 'stopped');
    assert.equal(await isAlive(record.identity), false);
    assert.deepEqual(await stateOf(home, 'one'), { kind: 'absent' });
    assert.equal(await stop(home, 'one', 5000), 'absent');
  });

  it('D1 never signals a process that has the number but another start time', async () => {
    const record = await start(home, program('victim', patient));
    const stranger = { ...record, identity: { ...record.identity, startTime: '1' } };
    await writeFile(path.join(home.run, 'stale.json'), JSON.stringify(stranger));
    assert.equal((await stateOf(home, 'stale')).kind, 'dead');
    assert.equal(await stop(home, 'stale', 100), 'absent');
    assert.equal(await isAlive(record.identity), true, 'the stranger must live');
    await stop(home, 'victim', 5000);
  });

  it('D2 gives another fingerprint to other arguments, environments and program bytes', async () => {
    const file = path.join(home.root, 'program');
    await writeFile(file, 'one');
    const base: ProgramToRun = { name: 'p', command: 'x', args: ['a'], files: [file] };
    const first = await fingerprintOf(base);
    assert.equal(await fingerprintOf(base), first);
    assert.notEqual(await fingerprintOf({ ...base, args: ['b'] }), first);
    assert.notEqual(await fingerprintOf({ ...base, environment: { A: '1' } }), first);
    await writeFile(file, 'two');
    assert.notEqual(await fingerprintOf(base), first);
  });

  it('D3 kills a process that ignores SIGTERM', async () => {
    const record = await start(home, program('stubborn', `process.on("SIGTERM", () => {}); ${patient}`));
    while (!(await logTail(home, 'stubborn', 1)).includes('up')) await sleep(10);
    assert.equal(await stop(home, 'stubborn', 50), 'killed');
    assert.equal(await isAlive(record.identity), false);
  });

  it('D4 sets a long log aside and keeps writing to a new one', async () => {
    await writeFile(logFile(home, 'talker'), 'x'.repeat(11 * 1024 * 1024));
    await start(home, program('talker', patient));
    while (!(await logTail(home, 'talker', 1)).includes('up')) await sleep(10);
    assert.equal(await readFile(logFile(home, 'talker'), 'utf8'), 'up\n');
    await stop(home, 'talker', 5000);
  });

  it('says what is wrong when the program cannot be started', async () => {
    await assert.rejects(
      start(home, { name: 'nothing', command: '/no/such/program', args: [], files: [] }),
      /cannot start nothing \(\/no\/such\/program\)/,
    );
  });
});
