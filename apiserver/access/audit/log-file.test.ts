import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLogger } from '../../../base/log.ts';
import { LogFile, type LogFileOptions } from './log-file.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'torpor-audit-'));
});
after(() => rm(root, { recursive: true }));

async function setup(name: string, more: Partial<LogFileOptions> = {}) {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  let lost = 0;
  const log = new LogFile({
    path: join(directory, 'audit.log'),
    maxBytes: 0,
    maxBackups: 0,
    maxAgeMs: 0,
    logger: createLogger('test', { level: 'silent' as never }),
    onLost: (lines) => {
      lost += lines;
    },
    ...more,
  });
  await log.open();
  return { directory, log, lost: () => lost, text: () => readFile(join(directory, 'audit.log'), 'utf8') };
}

test('Q1, Q5: lines stand in the file in order once it is closed, and only its owner can read it', async () => {
  const { directory, log, text } = await setup('order');
  for (let line = 0; line < 500; line += 1) log.add(`${line}`);
  await log.close();
  assert.equal(await text(), Array.from({ length: 500 }, (_, line) => `${line}\n`).join(''));
  assert.equal((await stat(join(directory, 'audit.log'))).mode & 0o777, 0o600);
});

test('Q2: there is no room while too much waits to be written, and room again afterwards', async () => {
  const { log } = await setup('room', { limitBytes: 100 });
  assert.equal(log.room(), undefined);
  log.add('x'.repeat(200));
  const waiting = log.room();
  assert.ok(waiting instanceof Promise);
  await waiting;
  assert.equal(log.room(), undefined);
  await log.close();
});

test('Q3: lines that cannot be written are counted, nobody waits for ever, and it goes on when it can', async () => {
  const { directory, log, lost, text } = await setup('lost', { limitBytes: 10, maxBytes: 20 });
  log.add('this one fills it');
  await log.room();
  // The next line needs a new file, and there is no directory for it.
  await rm(directory, { recursive: true });
  log.add('lost for want of space');
  await log.room();
  assert.equal(lost(), 1);
  log.add('lost as well');
  await log.room();
  assert.equal(lost(), 2);
  await mkdir(directory);
  log.add('the one that opens it again');
  await log.room();
  log.add('written');
  await log.close();
  assert.match(await text(), /written\n$/);
});

test('Q4: files are turned over by size, lines stay whole, and of the old ones as many stay as are wanted', async () => {
  let second = 0;
  const now = (): Date => new Date(Date.UTC(2030, 0, 1, 0, 0, second++));
  const { directory, log } = await setup('turn', { maxBytes: 30, maxBackups: 2, now });
  // A file that only looks like one of ours is nobody's to remove.
  await writeFile(join(directory, 'audit-of-last-year.log'), 'keep');
  for (let line = 0; line < 10; line += 1) log.add(`line number ${line} `);
  await log.close();
  const names = (await readdir(directory)).sort();
  assert.equal(names.length, 4, names.join(' '));
  assert.ok(names.includes('audit-of-last-year.log'));
  assert.ok(names.includes('audit.log'));
  for (const name of names.filter((one) => /audit-2030/.test(one))) {
    const content = await readFile(join(directory, name), 'utf8');
    assert.ok(content.length <= 30 && content.endsWith(' \n') && content.startsWith('line number '), content);
  }
  assert.equal(await readFile(join(directory, 'audit.log'), 'utf8'), 'line number 8 \nline number 9 \n');
});

test('Q4: old files go when they are too old', async () => {
  const { directory, log } = await setup('age', { maxBytes: 10, maxAgeMs: 60_000 });
  const old = join(directory, 'audit-2020-01-01T00-00-00.000.log');
  await writeFile(old, 'old');
  await utimes(old, new Date(2020, 0), new Date(2020, 0));
  log.add('first line');
  log.add('second line');
  await log.close();
  const names = await readdir(directory);
  assert.equal(names.length, 2, names.join(' '));
  assert.ok(!names.includes('audit-2020-01-01T00-00-00.000.log'));
});

test('Q2: who waits for room waits no longer than its request', async () => {
  const { log } = await setup('ended', { limitBytes: 100 });
  log.add('x'.repeat(200));
  const end = new AbortController();
  const waiting = log.room(end);
  end.abort(new Error('gone'));
  await assert.rejects(waiting ?? Promise.resolve(), /gone/);
  await log.close();
});

test('Q4: a file that cannot be renamed grows on, and the renaming is tried again after a while', async () => {
  // The name has room for a file and none for the time of a renamed one.
  const path = join(root, `${'a'.repeat(240)}.log`);
  let errors = 0;
  let time = Date.UTC(2030, 0, 1);
  const logger = { error: () => errors++ } as never as LogFileOptions['logger'];
  const { log, lost } = await setup('stuck', { path, maxBytes: 10, logger, now: () => new Date(time) });
  const lines = ['first one', 'second one', 'third one', 'fourth one'];
  for (const [index, line] of lines.entries()) {
    if (index === 3) time += 60_000;
    log.add(line);
    await log.close();
    await log.open();
  }
  await log.close();
  assert.equal(lost(), 0);
  assert.equal(await readFile(path, 'utf8'), `${lines.join('\n')}\n`);
  assert.equal(errors, 2);
});
