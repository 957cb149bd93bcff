import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOf } from '../machine/driver.ts';
import type { GuestExit } from '../sandbox/supervisor-client.ts';
import { describeEnd } from './ending.ts';

const now = new Date('2026-03-01T00:00:00.000Z');
const exit = (change: Partial<GuestExit> = {}): GuestExit => ({
  code: 0,
  signal: -1,
  killed: false,
  reason: 'guest-shutdown',
  output: '',
  ...change,
});
const end = (change: Partial<GuestExit>, requested?: string) => describeEnd(endOf(exit(change)), requested, now);

test('a guest that powers off by itself has succeeded, one that was asked to is stopped', () => {
  assert.deepEqual([end({}).phase, end({}).reason], ['Succeeded', 'GuestPowerOff']);
  const asked = end({}, 'spec.runStrategy is Halted');
  assert.deepEqual(
    [asked.phase, asked.reason, asked.message],
    ['Stopped', 'Requested', 'The guest was shut down: spec.runStrategy is Halted'],
  );
});

test('a guest whose time was over is stopped, and the message says so', () => {
  const killed = end({ code: -1, signal: 9, killed: true }, 'it is being deleted');
  assert.deepEqual(
    [killed.phase, killed.reason, killed.signal, killed.exitCode],
    ['Stopped', 'Killed', 'SIGKILL', undefined],
  );
  assert.match(killed.message, /within its grace period.*it is being deleted/);
});

test('QEMU that dies is a failure with its last words', () => {
  const died = end({
    code: 1,
    signal: -1,
    reason: '',
    output: 'x\nqemu-system-x86_64: -device foo: no such device.\n',
  });
  assert.deepEqual([died.phase, died.reason, died.exitCode], ['Failed', 'HypervisorDied', 1]);
  assert.equal(died.message, 'QEMU ended with status 1; it said: -device foo: no such device');
  assert.match(end({ code: -1, signal: 9, reason: '' }).message, /SIGKILL.*memory/);
  assert.equal(end({ code: -1, signal: 11 }).signal, 'SIGSEGV');
});

test('a quit that nobody of us asked for, and a sandbox that is gone, are failures', () => {
  assert.deepEqual(
    [end({ reason: 'host-signal' }).phase, end({ reason: 'host-signal' }).reason],
    ['Failed', 'HypervisorDied'],
  );
  const lost = describeEnd({ kind: 'lost', message: 'the host was restarted' }, undefined, now);
  assert.deepEqual(
    [lost.phase, lost.reason, lost.message],
    ['Failed', 'SandboxLost', 'The machine is gone: the host was restarted'],
  );
});

test('the last output is bounded', () => {
  assert.equal(end({ code: 1, output: 'x'.repeat(10_000) }).lastOutput?.length, 4096);
});
