import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreUnavailable } from '../store.ts';
import { type ContractSettings, committed, listed, put, remove, say } from './fixture.ts';
import { withStore } from './with-store.ts';

/** S5, S6 and S10 for lists. */
export function listsContract(settings: ContractSettings): void {
  const test = withStore(settings);

  describe(`${settings.name}: lists`, () => {
    it('S5: show the entries under a prefix in the order of their bytes', () =>
      test(async (store) => {
        const keys = ['/a/b', '/a/b-c', '/a/b/c', '/a/bé', '/a/b\u{1f600}', '/a/b\uffee', '/ab/c', '/b/a'];
        for (const key of [...keys].reverse()) await committed(store, put(key, '1'));
        const expected = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
        const names = async (prefix: string): Promise<string[]> =>
          (await listed(store, prefix)).entries.map((entry) => entry.key);
        assert.deepEqual(await names('/'), expected);
        assert.deepEqual(
          await names('/a/'),
          expected.filter((key) => key.startsWith('/a/')),
        );
        assert.deepEqual(
          await names('/a'),
          expected.filter((key) => key.startsWith('/a')),
        );
        assert.deepEqual(await names('/none/'), []);
      }));

    it('S5: pages share a revision, whatever is written between them', () =>
      test(async (store) => {
        const revisions = new Map<string, bigint>();
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          revisions.set(name, await committed(store, put(`/x/${name}`, name)));
        }
        const expected = [...revisions].map(([name, revision]) => `/x/${name}=${name}@${revision}`);
        const first = await listed(store, '/x/', { limit: 2 });
        assert.deepEqual([first.more, first.remaining], [true, 3]);
        await committed(store, remove('/x/d', revisions.get('d') ?? 0n), put('/x/c', 'new', revisions.get('c')));
        await committed(store, put('/x/bb', 'new'));
        const { revision } = first;
        const second = await listed(store, '/x/', { limit: 2, after: '/x/b', revision });
        const third = await listed(store, '/x/', { limit: 2, after: '/x/d', revision });
        assert.deepEqual([...first.entries, ...second.entries, ...third.entries].map(say), expected);
        assert.deepEqual([second.revision, second.more, second.remaining], [revision, true, 1]);
        assert.deepEqual([third.revision, third.more, third.remaining], [revision, false, 0]);
        assert.deepEqual((await listed(store, '/x/', { revision })).entries.map(say), expected);
        const now = await listed(store, '/x/');
        assert.ok(now.revision > revision);
        assert.deepEqual(
          now.entries.map((entry) => entry.key),
          ['/x/a', '/x/b', '/x/bb', '/x/c', '/x/e'],
        );
      }));

    it('S5: limits at the edges', () =>
      test(async (store) => {
        for (const name of ['a', 'b', 'c']) await committed(store, put(`/x/${name}`, name));
        const exact = await listed(store, '/x/', { limit: 3 });
        assert.deepEqual([exact.entries.length, exact.more, exact.remaining], [3, false, 0]);
        const past = await listed(store, '/x/', { limit: 3, after: '/x/zzz' });
        assert.deepEqual([past.entries.length, past.more, past.remaining], [0, false, 0]);
        const absent = await listed(store, '/x/', { after: '/x/aa' });
        assert.deepEqual(
          absent.entries.map((entry) => entry.key),
          ['/x/b', '/x/c'],
        );
        const before = await listed(store, '/x/', { after: '/w' });
        assert.equal(before.entries.length, 3);
      }));

    it('S6: a revision that was compacted away is expired, the one compacted to is not', () =>
      test(async (store) => {
        const first = await committed(store, put('/x/a', '1'));
        const second = await committed(store, put('/x/a', '2', first));
        const third = await committed(store, put('/x/a', '3', second));
        await store.compact(second);
        await store.compact(first);
        // Of something else, so that a cache has no reason to answer from its own memory.
        await committed(store, put('/x/b', '1'));
        assert.equal((await store.list('/x/', { revision: first })).kind, 'expired');
        assert.deepEqual((await listed(store, '/x/', { revision: second })).entries.map(say), [`/x/a=2@${second}`]);
        assert.deepEqual((await listed(store, '/x/', { revision: third })).entries.map(say), [`/x/a=3@${third}`]);
        await assert.rejects(store.compact(third + 1_000n), RangeError);
        await assert.rejects(store.list('/x/', { revision: third + 1_000n }), StoreUnavailable);
      }));

    it('S10: lists of thousands of entries, and of many large ones', () =>
      test(async (store) => {
        for (let i = 0; i < 1_300; i += 100) {
          const [first, ...rest] = Array.from({ length: 100 }, (_, j) =>
            put(`/x/${String(i + j).padStart(5, '0')}`, '1'),
          );
          assert.ok(first);
          await committed(store, first, ...rest);
        }
        const all = await listed(store, '/x/');
        assert.deepEqual([all.entries.length, all.more], [1_300, false]);
        const some = await listed(store, '/x/', { limit: 1_001 });
        assert.deepEqual([some.entries.length, some.remaining], [1_001, 299]);
        const value = Buffer.alloc(1.5 * 1024 * 1024, 'v');
        for (let i = 0; i < 12; i += 1) await committed(store, put(`/large/${i}`, value));
        const large = await listed(store, '/large/');
        assert.ok(large.entries.length === 12 && large.entries.every((entry) => entry.value.equals(value)));
      }));
  });
}
