import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Host, VirtualMachine } from '../../../openapi/api.ts';
import { sampleMachine } from '../../../openapi/machine/testing/sample-machine.ts';
import { MemoryStore } from '../../../storage/memory/memory-store.ts';
import type { Change } from '../../../storage/store.ts';
import { reservationKey, reserve } from './reservation.ts';

const host = (cpu?: string, memory?: string): Host => ({
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'Host',
  metadata: { name: 'h' },
  spec: {},
  ...(cpu === undefined || memory === undefined ? {} : { status: { allocatable: { cpu, memory } } }),
});

function machine(uid: string, nodeName?: string, guest = '512Mi'): VirtualMachine {
  const made = sampleMachine(
    { domain: { cpu: { cores: 1 }, memory: { guest } } },
    nodeName === undefined ? {} : { nodeName, bootID: 'b' },
  );
  made.metadata.uid = uid;
  return made;
}

describe('reservations', () => {
  const setup = (one: Host | undefined = host('1', '2Gi')) => {
    const store = new MemoryStore();
    const ask = (next: VirtualMachine | undefined, old: VirtualMachine | undefined) =>
      reserve(store, next, old, async () => one);
    const commit = async (next: VirtualMachine | undefined, old: VirtualMachine | undefined) => {
      const reserved = await ask(next, old);
      if (reserved.kind === 'refused') return reserved.causes.map(({ reason }) => reason);
      const [first, ...rest] = reserved.changes;
      if (first === undefined) return [];
      return (await store.commit([first, ...rest] as [Change, ...Change[]])).kind;
    };
    const held = async () => {
      const { entry } = await store.get(reservationKey('h'));
      return entry === undefined ? undefined : Object.keys(JSON.parse(entry.value.toString()).machines);
    };
    return { store, ask, commit, held };
  };

  test('R1: an entry comes with the host and goes with it; other writes touch nothing', async () => {
    const { ask, commit, held } = setup();
    assert.equal(await commit(machine('a', 'h'), machine('a')), 'committed');
    assert.deepEqual(await held(), ['a']);
    assert.deepEqual(await ask(machine('a', 'h'), machine('a', 'h')), { kind: 'changes', changes: [] });
    assert.equal(await commit(machine('b', 'h'), machine('b')), 'committed');
    assert.equal(await commit(machine('a'), machine('a', 'h')), 'committed');
    assert.deepEqual(await held(), ['b']);
    assert.equal(await commit(undefined, machine('b', 'h')), 'committed');
    assert.equal(await held(), undefined);
  });

  test('R2: what does not fit is refused by resource, with what is left', async () => {
    const { ask, commit } = setup(host('150m', '1Gi'));
    assert.equal(await commit(machine('a', 'h'), machine('a')), 'committed');
    const refused = await ask(machine('b', 'h', '900Mi'), machine('b'));
    assert.equal(refused.kind, 'refused');
    if (refused.kind !== 'refused') return;
    assert.deepEqual(
      refused.causes.map(({ reason, message }) => [reason, message]),
      [
        ['InsufficientCPU', 'host h has 50m cpu left, 100m are needed'],
        ['InsufficientMemory', 'host h has 416Mi of memory left, 996Mi are needed'],
      ],
    );
  });

  test('R2: two that decided from the same version: one is written, the other is a conflict', async () => {
    const { store, ask } = setup(host('150m', '8Gi'));
    const [first, second] = await Promise.all([
      ask(machine('a', 'h'), machine('a')),
      ask(machine('b', 'h'), machine('b')),
    ]);
    assert.ok(first.kind === 'changes' && second.kind === 'changes');
    const outcomes = [];
    for (const { changes } of [first, second]) outcomes.push(await store.commit(changes as [Change, ...Change[]]));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['committed', 'conflict'],
    );
  });

  test('a host that is missing, or has said nothing yet, is a cause of its own', async () => {
    assert.deepEqual(await setup(host()).commit(machine('a', 'h'), machine('a')), ['HostNotReady']);
    const store = new MemoryStore();
    const reserved = await reserve(store, machine('a', 'h'), machine('a'), async () => undefined);
    assert.deepEqual(reserved.kind === 'refused' && reserved.causes[0]?.reason, 'HostNotFound');
  });
});
