import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ContractSettings, committed, put, remove, sayEvent, WatchReader } from './fixture.ts';
import { withStore } from './with-store.ts';

/** S6 to S11 for watches. */
export function watchesContract(settings: ContractSettings): void {
  const test = withStore(settings);

  describe(`${settings.name}: watches`, () => {
    it('S7, S8: tell every event after their start once, in order, with what was there before', () =>
      test(async (store) => {
        const first = await committed(store, put('/x/a', '1'));
        const watch = new WatchReader(store, '/x/', first);
        const second = await committed(store, put('/x/a', '2', first), put('/x/b', '1'), put('/y/a', 'unseen'));
        const third = await committed(store, remove('/x/a', second));
        const fourth = await committed(store, put('/x/a', '4'));
        const expected = [
          `put /x/a=2@${second} before /x/a=1@${first}`,
          `put /x/b=1@${second} before nothing`,
          `removed@${third} /x/a=2@${second}`,
          `put /x/a=4@${fourth} before nothing`,
        ];
        assert.deepEqual((await watch.until(fourth)).map(sayEvent), expected);
        await watch.close();
        const late = new WatchReader(store, '/x/', first);
        assert.deepEqual((await late.until(fourth)).map(sayEvent), expected);
        const fifth = await committed(store, put('/x/c', '5'));
        assert.deepEqual((await late.until(fifth)).map(sayEvent), [`put /x/c=5@${fifth} before nothing`]);
        await late.close();
      }));

    it('S7: tell the events of one transaction in one batch', () =>
      test(async (store) => {
        const start = await store.newestRevision();
        const watch = new WatchReader(store, '/x/', start);
        for (let round = 0; round < 5; round += 1) {
          const changes = Array.from({ length: 50 }, (_, i) => put(`/x/${round}-${i}`, 'v'));
          const [first, ...rest] = changes;
          assert.ok(first);
          await committed(store, first, ...rest);
        }
        const perRevision = new Map<bigint, number>();
        for (let events = 0; events < 250; ) {
          const batch = await watch.next();
          if (batch.kind !== 'events') continue;
          const revisions = new Set(batch.events.map((event) => (event.kind === 'put' ? event.entry.revision : 0n)));
          for (const revision of revisions) perRevision.set(revision, (perRevision.get(revision) ?? 0) + 1);
          events += batch.events.length;
        }
        assert.deepEqual([...perRevision.values()], [1, 1, 1, 1, 1]);
        await watch.close();
      }));

    it('S7: an event arrives without being asked for', () =>
      test(async (store) => {
        const watch = new WatchReader(store, '/', await store.newestRevision());
        const pending = watch.until((await store.newestRevision()) + 1n);
        const revision = await committed(store, put('/x/a', '1'));
        assert.deepEqual((await pending).map(sayEvent), [`put /x/a=1@${revision} before nothing`]);
        await watch.close();
      }));

    it('S7: several watches at once tell the same', () =>
      test(async (store) => {
        const start = await store.newestRevision();
        const watches = Array.from({ length: 4 }, () => new WatchReader(store, '/x/', start));
        let revision = 0n;
        for (let i = 0; i < 40; i += 1) revision = await committed(store, put('/x/a', `${i}`, revision));
        const told = await Promise.all(watches.map((watch) => watch.until(revision)));
        for (const events of told) {
          assert.deepEqual(
            events.map((event) => event.kind === 'put' && event.entry.value.toString()),
            Array.from({ length: 40 }, (_, i) => `${i}`),
          );
        }
        await Promise.all(watches.map((watch) => watch.close()));
      }));

    it(
      'S6: a watch from a revision that was compacted away says so and ends',
      { skip: !settings.watchesExpireWithCompaction },
      () =>
        test(async (store) => {
          const first = await committed(store, put('/x/a', '1'));
          const second = await committed(store, remove('/x/a', first));
          const third = await committed(store, put('/x/a', '3'));
          await store.compact(second);
          const expired = new WatchReader(store, '/x/', first);
          const batch = await expired.next();
          assert.ok(batch.kind === 'expired' && batch.compacted === second);
          await assert.rejects(expired.next(), /the watch has ended/);
          const allowed = new WatchReader(store, '/x/', second);
          assert.deepEqual((await allowed.until(third)).map(sayEvent), [`put /x/a=3@${third} before nothing`]);
          await allowed.close();
          await expired.close();
        }),
    );

    it('S9: a watch ends when its signal aborts, at any moment', () =>
      test(async (store) => {
        for (const moment of ['before', 'waiting']) {
          const stop = new AbortController();
          if (moment === 'before') stop.abort();
          const batches = store.watch('/x/', await store.newestRevision(), stop.signal)[Symbol.asyncIterator]();
          const pending = batches.next();
          stop.abort();
          assert.equal((await pending).done, true, moment);
        }
      }));

    it('S10: a backlog of 16 MiB is told in full', () =>
      test(async (store) => {
        const start = await store.newestRevision();
        const value = Buffer.alloc(256 * 1024, 'v');
        let revision = 0n;
        for (let i = 0; i < 64; i += 1) revision = await committed(store, put(`/x/${i}`, value));
        const watch = new WatchReader(store, '/x/', start);
        const events = await watch.until(revision);
        assert.equal(events.length, 64);
        assert.ok(events.every((event) => event.kind === 'put' && event.entry.value.equals(value)));
        await watch.close();
      }));

    it('S11: newestRevision is never older than an answered write, and every watch comes to it', () =>
      test(async (store) => {
        const start = await store.newestRevision();
        const watch = new WatchReader(store, '/x/', start);
        for (let i = 0; i < 10; i += 1) {
          const revision = await committed(store, put(`/elsewhere/${i}`, 'v'));
          const newest = await Promise.all([store.newestRevision(), store.newestRevision(), store.newestRevision()]);
          for (const each of newest) assert.ok(each >= revision);
          assert.deepEqual(await watch.until(revision), []);
        }
        const read = await listed(store);
        assert.ok((await store.newestRevision()) >= read);
        await watch.close();
      }));
  });
}

async function listed(store: { list(prefix: string): Promise<{ kind: string; revision?: bigint }> }): Promise<bigint> {
  return (await store.list('/')).revision ?? 0n;
}
