import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Fate, LateWorld } from './testing/late-world.ts';
import { loose, owned, samplePool } from './testing/samples.ts';

function world(pool = samplePool()): LateWorld {
  const made = new LateWorld();
  made.put(pool);
  made.deliver();
  return made;
}

const statusOf = (made: LateWorld) => made.pools.get('default/web')?.status;

test('P2: before any event arrives, a second look makes no second machine', async () => {
  const made = world();
  await made.reconcile();
  for (let again = 0; again < 3; again += 1) await made.reconcile();
  assert.equal(made.alive.length, 3);
  assert.deepEqual(
    { ...statusOf(made), templateHash: '' },
    {
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 0,
      updatedReplicas: 3,
      labelSelector: 'app=web',
      templateHash: '',
    },
  );
  made.deliver();
  await made.reconcile();
  assert.equal(made.alive.length, 3);
  assert.equal(made.calls.length, 3);
  assert.deepEqual([...new Set(made.recorded)], ['SuccessfulCreate']);
});

test('P2: what is being deleted is not deleted again, and a late event brings nothing back', async () => {
  const made = world();
  await made.reconcile();
  made.deliver();
  made.put({ ...(made.pools.get('default/web') ?? samplePool()), spec: samplePool({ replicas: 1 }).spec });
  made.deliver();
  for (let again = 0; again < 3; again += 1) await made.reconcile();
  assert.equal(made.alive.length, 1);
  assert.equal(made.calls.filter((call) => call.startsWith('delete')).length, 2);
  assert.equal(statusOf(made)?.replicas, 1);
});

test('P1: a machine that ended is not replaced; one that is deleted is', async () => {
  const made = world();
  await made.reconcile();
  const [first, second] = made.alive;
  assert.ok(first && second);
  made.putMachine({ ...first, status: { phase: 'Succeeded' } });
  made.deliver();
  await made.reconcile();
  assert.equal(made.calls.length, 3);
  made.putMachine({ ...second, metadata: { ...second.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
  made.deliver();
  assert.ok(made.queue.has('default/web'));
  await made.reconcile();
  assert.equal(made.alive.length, 3);
  assert.equal(made.calls.length, 4);
});

test('P3: a round ends after 64 changes and goes on in the next', async () => {
  const made = world(samplePool({ replicas: 100 }));
  assert.equal((await made.reconcile()).kind, 'again');
  assert.equal(made.alive.length, 64);
  made.deliver();
  assert.equal((await made.reconcile()).kind, 'done');
  assert.equal(made.alive.length, 100);
});

test('P3, P6: what is refused is tried once a round under the same name, and stands in the status until it works', async () => {
  const made = world(samplePool({ replicas: 50 }));
  made.fates = ['refused'];
  assert.equal((await made.reconcile()).kind, 'retry');
  assert.equal(made.calls.length, 1);
  const [condition] = statusOf(made)?.conditions ?? [];
  assert.deepEqual([condition?.type, condition?.status, condition?.reason], ['ReplicaFailure', 'True', 'FailedCreate']);
  assert.match(condition?.message ?? '', /could not be created: .*exceeded quota/);
  assert.deepEqual(made.recorded, ['FailedCreate']);
  made.deliver();
  const { resourceVersion } = made.pools.get('default/web')?.metadata ?? {};
  made.fates = ['refused'];
  await made.reconcile();
  assert.equal(made.pools.get('default/web')?.metadata.resourceVersion, resourceVersion, 'the status is as it was');
  assert.equal(new Set(made.calls).size, 1);
  await made.reconcile();
  assert.equal(made.alive.length, 50);
  assert.equal(statusOf(made)?.conditions, undefined);
});

test('P4: nothing is adopted for a pool that is gone', async () => {
  const made = world(samplePool({ replicas: 0 }));
  made.putMachine(loose('free'));
  made.deliver();
  made.pools.delete('default/web');
  await made.reconcile();
  assert.equal(made.machines.get('default/free')?.metadata.ownerReferences, undefined);
});

test('what has no controller is adopted and counts, what is relabelled is let go and replaced', async () => {
  const made = world(samplePool({ replicas: 2 }));
  made.putMachine(loose('free'));
  made.putMachine(owned('lost', { labels: { app: 'db' } }));
  made.deliver();
  await made.reconcile();
  await made.reconcile();
  assert.deepEqual(
    made.machines.get('default/free')?.metadata.ownerReferences?.map(({ uid }) => uid),
    ['pool-uid'],
  );
  assert.deepEqual(made.machines.get('default/lost')?.metadata.ownerReferences, []);
  assert.equal(made.calls.length, 1);
  assert.deepEqual([statusOf(made)?.replicas, statusOf(made)?.updatedReplicas], [2, 1]);
});

test('P5: a pool that is being deleted makes and deletes nothing', async () => {
  const made = world(samplePool({ replicas: 5 }, { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] }));
  made.putMachine(owned('one'));
  made.deliver();
  await made.reconcile();
  assert.deepEqual(made.calls, []);
  assert.equal(statusOf(made)?.replicas, 1);
});

test('property: whatever answers are lost and events are late, there are never too many, and enough in the end', async () => {
  const fate = fc.constantFrom<Fate>('answered', 'refused', 'lost-before', 'lost-after');
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 12 }),
      fc.array(fate, { maxLength: 20 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 20 }),
      async (replicas, fates, deliveries) => {
        const made = world(samplePool({ replicas }));
        made.fates = [...fates];
        for (const count of deliveries) {
          await made.reconcile();
          made.deliver(count);
        }
        made.fates = [];
        for (let round = 0; round < 5; round += 1) {
          made.deliver();
          await made.reconcile();
        }
        assert.equal(made.alive.length, replicas);
        assert.ok(made.most <= replicas, `${made.most} of ${replicas}`);
      },
    ),
    { numRuns: 200 },
  );
});
