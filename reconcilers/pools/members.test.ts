import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine } from '../../openapi/api.ts';
import { byController, membersOf } from './members.ts';
import { loose, owned, samplePool } from './testing/samples.ts';

const deletionTimestamp = '2026-01-01T00:00:00Z';
const stranger = {
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'VirtualMachinePool',
  name: 'b',
  uid: 'b',
  controller: true,
};

function names(candidates: readonly VirtualMachine[], pool = samplePool()) {
  const { own, adopt, release } = membersOf(pool, candidates);
  const of = (machines: readonly VirtualMachine[]) => machines.map(({ metadata }) => metadata.name);
  return { own: of(own), adopt: of(adopt), release: of(release) };
}

test('B1: a machine of another controller is left alone, whatever its labels', () => {
  const other = loose('other', { ownerReferences: [stranger] });
  assert.deepEqual(names([owned('mine'), other]), { own: ['mine'], adopt: [], release: [] });
});

test('B2: what matches and has no controller is adopted, also with an owner that does not control it', () => {
  const { controller: _no, ...reference } = stranger;
  assert.deepEqual(
    names([loose('free'), loose('part', { ownerReferences: [reference] }), loose('x', { labels: {} })]),
    {
      own: [],
      adopt: ['free', 'part'],
      release: [],
    },
  );
});

test('B3: what is relabelled is let go', () => {
  assert.deepEqual(names([owned('kept'), owned('lost', { labels: { app: 'db' } })]), {
    own: ['kept'],
    adopt: [],
    release: ['lost'],
  });
});

test('B4: who is being deleted neither adopts nor is adopted', () => {
  assert.deepEqual(names([loose('going', { deletionTimestamp }), owned('leaving', { deletionTimestamp })]), {
    own: ['leaving'],
    adopt: [],
    release: [],
  });
  const going = samplePool({}, { deletionTimestamp });
  assert.deepEqual(names([loose('free'), owned('lost', { labels: {} }), owned('kept')], going), {
    own: ['kept'],
    adopt: [],
    release: [],
  });
});

test('machines are found by their controller, and those of nobody by namespace', () => {
  assert.deepEqual(byController(owned('a')), ['pool-uid']);
  assert.deepEqual(byController(loose('b')), ['nobody/default']);
});
