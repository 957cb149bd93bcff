import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findQemu, parseMachineTypes } from './host-facts.ts';
import { defaultReservedMemory, hostStatus } from './host-report.ts';

test('machine types: aliases lead to versioned names, other boards are left out', () => {
  const text =
    'Supported machines are:\nmicrovm              microvm (i386)\npc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)\npc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)\nq35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)\npc-q35-7.2           Standard PC (Q35 + ICH9, 2009)\nnone                 empty machine\n';
  assert.deepEqual(
    [...parseMachineTypes(text)],
    [
      ['pc', 'pc-i440fx-7.2'],
      ['pc-i440fx-7.2', 'pc-i440fx-7.2'],
      ['q35', 'pc-q35-7.2'],
      ['pc-q35-7.2', 'pc-q35-7.2'],
    ],
  );
});

test('the real QEMU of this host is found; one that is not there says what to install', async () => {
  const facts = await findQemu('/usr/bin/qemu-system-x86_64');
  assert.match(facts.qemuVersion, /^\d+\.\d+\.\d+$/);
  assert.match(facts.machineTypes.get('q35') ?? '', /^pc-q35-\d/);
  await assert.rejects(findQemu('/no/such/qemu'), /install the package qemu-system-x86/);
});

test('the host report keeps what others wrote and says why there is no acceleration', () => {
  const report = {
    nodeName: 'n',
    endpoint: '127.0.0.1:1',
    addresses: ['192.0.2.1'],
    accelerator: { name: 'tcg', reason: 'GuestFailed', message: 'it died' },
    machineTypes: ['q35', 'pc'],
    qemuVersion: '7.2.22',
    launcherVersion: '1',
    reservedMemory: 1,
    images: async () => [],
  } as const;
  const before = {
    live: { connected: true },
    conditions: [
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'LauncherLost',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  } as const;
  const status = hostStatus(
    { ...before, conditions: [...before.conditions] },
    report,
    [],
    new Date('2026-03-01T00:00:00Z'),
  );
  assert.deepEqual(
    status.conditions?.map(({ type, status: value, reason }) => `${type}=${value} ${reason}`),
    ['Ready=True LauncherReady', 'Accelerated=False GuestFailed'],
  );
  assert.deepEqual([status.accelerator?.name, status.machineTypes, 'live' in status], ['tcg', ['pc', 'q35'], false]);
});

test('memory that machines may not have: an eighth within bounds', () => {
  const GIB = 2 ** 30;
  assert.deepEqual(
    [1, 16, 256].map((size) => defaultReservedMemory(size * GIB) / GIB),
    [0.5, 2, 4],
  );
});
