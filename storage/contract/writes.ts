import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreUnavailable } from '../store.ts';
import { type ContractSettings, committed, put, remove, say } from './fixture.ts';
import { withStore } from './with-store.ts';

/** S1, S2, S4 and what S9 and S10 say about writes. */
export function writesContract(settings: ContractSettings): void {
  const test = withStore(settings);

  describe(`${settings.name}: writes`, () => {
    it('S1: every write has a greater revision, and an entry has that of its last write', () =>
      test(async (store) => {
        let before = await store.newestRevision();
        assert.ok(before > 0n);
        for (const key of ['/a/1', '/a/2', '/b/1']) {
          const revision = await committed(store, put(key, 'x'));
          assert.ok(revision > before);
          before = revision;
          const got = await store.get(key);
          assert.equal(say(got.entry), `${key}=x@${revision}`);
          assert.ok(got.revision >= revision);
        }
        const second = await committed(store, put('/a/1', 'y', (await store.get('/a/1')).entry?.revision));
        assert.equal(say((await store.get('/a/1')).entry), `/a/1=y@${second}`);
      }));

    it('S2: create, update and remove write only where the caller saw what is there', () =>
      test(async (store) => {
        const first = await committed(store, put('/a/1', 'one'));
        const again = await store.commit([put('/a/1', 'two')]);
        assert.ok(again.kind === 'conflict' && say(again.current) === `/a/1=one@${first}` && again.key === '/a/1');
        const second = await committed(store, put('/a/1', 'two', first));
        for (const change of [put('/a/1', 'three', first), remove('/a/1', first)]) {
          const stale = await store.commit([change]);
          assert.ok(stale.kind === 'conflict' && say(stale.current) === `/a/1=two@${second}`);
        }
        for (const change of [put('/a/2', 'x', 5n), remove('/a/2', 5n)]) {
          const absent = await store.commit([change]);
          assert.ok(absent.kind === 'conflict' && absent.current === undefined);
        }
        await committed(store, remove('/a/1', second));
        assert.equal((await store.get('/a/1')).entry, undefined);
        const anew = await committed(store, put('/a/1', 'new'));
        assert.equal(say((await store.get('/a/1')).entry), `/a/1=new@${anew}`);
        assert.equal((await store.commit([remove('/a/1', second)])).kind, 'conflict');
      }));

    it('S4: a transaction is all or nothing and has one revision', () =>
      test(async (store) => {
        const first = await committed(store, put('/a/1', '1'), put('/b/1', '1'));
        const refused = await store.commit([put('/a/1', '2', first), put('/b/1', '2', first + 1n), put('/c/1', '2')]);
        assert.ok(refused.kind === 'conflict' && refused.key === '/b/1');
        assert.equal(say((await store.get('/a/1')).entry), `/a/1=1@${first}`);
        assert.equal((await store.get('/c/1')).entry, undefined);
        const second = await committed(store, put('/a/1', '2', first), remove('/b/1', first), put('/c/1', '2'));
        assert.equal(say((await store.get('/a/1')).entry), `/a/1=2@${second}`);
        assert.equal((await store.get('/b/1')).entry, undefined);
        assert.equal(say((await store.get('/c/1')).entry), `/c/1=2@${second}`);
        await assert.rejects(store.commit([put('/a/1', 'x', second), remove('/a/1', second)]), TypeError);
      }));

    it('S2: of many who write at once exactly one wins each round', () =>
      test(async (store) => {
        let revision = await committed(store, put('/a/1', 'start'));
        for (let round = 0; round < 5; round += 1) {
          const outcomes = await Promise.all(
            Array.from({ length: 10 }, (_, i) => store.commit([put('/a/1', `${round}/${i}`, revision)])),
          );
          const winners = outcomes.flatMap((outcome, i) =>
            outcome.kind === 'committed' ? [[i, outcome.revision] as const] : [],
          );
          assert.equal(winners.length, 1);
          const [winner] = winners;
          assert.ok(winner);
          revision = winner[1];
          assert.equal(say((await store.get('/a/1')).entry), `/a/1=${round}/${winner[0]}@${revision}`);
        }
      }));

    it('S10: a value of 1.5 MiB comes back byte for byte, and so does an empty one', () =>
      test(async (store) => {
        const value = Buffer.alloc(1.5 * 1024 * 1024);
        for (let i = 0; i < value.length; i += 1) value[i] = (i * 31) % 251;
        await committed(store, put('/a/large', value), put('/a/empty', ''));
        assert.ok((await store.get('/a/large')).entry?.value.equals(value));
        assert.equal((await store.get('/a/empty')).entry?.value.length, 0);
      }));

    it('refuses keys that are none, and everything after it was closed (S9)', () =>
      test(async (store) => {
        await assert.rejects(store.get('a'), TypeError);
        await assert.rejects(store.commit([put('/!revision', 'x')]), TypeError);
        await assert.rejects(store.list(''), TypeError);
        await store.close();
        await assert.rejects(store.get('/a/1'), StoreUnavailable);
        await assert.rejects(store.list('/a/'), StoreUnavailable);
        await assert.rejects(store.commit([put('/a/1', 'x')]), StoreUnavailable);
        await assert.rejects(store.newestRevision(), StoreUnavailable);
        assert.equal(await store.healthy(), false);
      }));
  });
}
