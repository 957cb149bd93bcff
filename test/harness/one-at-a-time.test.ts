import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { oneAtATime } from './one-at-a-time.ts';

test('a lock is held until its process ends, however it ends', async () => {
  const name = `lock of ${process.pid}`;
  const script = `const { oneAtATime } = await import(${JSON.stringify(path.join(import.meta.dirname, 'one-at-a-time.ts'))});
    await oneAtATime(${JSON.stringify(name)}, 1000);
    console.log('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  const ended = once(holder, 'exit');
  try {
    await once(holder.stdout, 'data');
    await assert.rejects(oneAtATime(name, 300), /another process has worked with/);
    await oneAtATime(`${name} of another kind`, 300);
    const waiting = oneAtATime(name, 10_000);
    holder.kill('SIGKILL');
    await waiting;
    // Whoever has it may ask again.
    await oneAtATime(name, 0);
  } finally {
    holder.kill('SIGKILL');
    await ended;
  }
});
