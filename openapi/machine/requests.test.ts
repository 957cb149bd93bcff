import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineRequest, VirtualMachineStatus } from '../api.ts';
import { currentBoot, isPending, pendingRequests, withoutSettledRequests } from './requests.ts';
import { sampleMachine } from './testing/sample-machine.ts';

const now = new Date('2026-03-01T12:00:00Z');
const request = (
  action: MachineRequest['action'],
  bootID: string,
  more: Partial<MachineRequest> = {},
): MachineRequest => ({
  id: `${action}-${bootID}`,
  action,
  args: { bootID },
  ...more,
});
const running = (bootID: string): VirtualMachineStatus => ({ phase: 'Running', nodeName: 'n', bootID });
const ended = (bootID: string): VirtualMachineStatus => ({ phase: 'Stopped', exit: { bootID } });

test('R1: a request is pending until a later boot is known', () => {
  for (const action of ['start', 'restart'] as const) {
    const asked = request(action, 'one');
    assert.ok(isPending(asked, running('one'), now));
    assert.ok(isPending(asked, ended('one'), now));
    assert.ok(!isPending(asked, running('two'), now));
    assert.ok(!isPending(asked, ended('two'), now));
    assert.ok(
      isPending(asked, { phase: 'Stopped' }, now),
      'an agent that did not say which boot ended loses no request',
    );
  }
  assert.ok(isPending(request('start', ''), { phase: 'Pending' }, now));
  assert.ok(!isPending(request('start', ''), running('one'), now));
});

test('R2: a stop is about a running boot only', () => {
  assert.ok(isPending(request('stop', 'one'), running('one'), now));
  assert.ok(!isPending(request('stop', 'one'), ended('one'), now));
  assert.ok(!isPending(request('stop', 'one'), running('two'), now));
});

test('R3: an expired request has no effect', () => {
  const over = request('restart', 'one', { expires: '2026-03-01T12:00:00Z' });
  const valid = request('restart', 'one', { expires: '2026-03-01T12:00:01Z' });
  assert.ok(!isPending(over, running('one'), now));
  assert.ok(isPending(valid, running('one'), now));
});

test('settled requests are taken out, and the list with the last of them', () => {
  const status = { ...running('two'), requests: [request('restart', 'one'), request('stop', 'two')] };
  assert.deepEqual(withoutSettledRequests(status, now).requests, [request('stop', 'two')]);
  assert.equal('requests' in withoutSettledRequests({ ...status, requests: [request('restart', 'one')] }, now), false);
  assert.deepEqual(pendingRequests(sampleMachine({}, status), now), [request('stop', 'two')]);
  assert.equal(currentBoot({}), '');
});
