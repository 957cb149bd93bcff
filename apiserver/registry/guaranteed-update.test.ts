import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createLogger } from '../../base/log.ts';
import { errors, isError } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { WatchCache } from '../../storage/cache/watch-cache.ts';
import { MemoryStore } from '../../storage/memory/memory-store.ts';
import type { Change, Store } from '../../storage/store.ts';
import { admitEverything } from '../admission/request.ts';
import { createCacheCodec } from './cache-codec.ts';
import { decodeObject, encodeObject } from './codec.ts';
import type { ResourceCore, Summary } from './core.ts';
import { Foreseen } from './foreseen.ts';
import { type ChangeFunction, guaranteedUpdate } from './guaranteed-update.ts';
import { keyOf } from './keys.ts';
import type { ResourceDefinition } from './resource.ts';

const definition: ResourceDefinition = {
  group: 'test',
  version: 'v1',
  kind: 'Thing',
  listKind: 'ThingList',
  plural: 'things',
  singular: 'thing',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['get', 'update'],
  strategy: { hasStatus: false },
  table: { columns: [], cells: () => [] },
  subresources: [],
};

const KEY = keyOf(definition, 'default', 'a');
const thing = (n: number): KubernetesObject => ({
  apiVersion: 'test/v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'default' },
  n,
});

describe('guaranteedUpdate', () => {
  let store: MemoryStore;
  let cache: WatchCache<KubernetesObject, Summary>;
  let commits: number;
  /** Called before each commit, to lose races on purpose. */
  let beforeCommit: () => Promise<void>;
  let alongside: NonNullable<ResourceDefinition['strategy']['alongside']> | undefined;

  before(async () => {
    store = new MemoryStore();
    cache = new WatchCache<KubernetesObject, Summary>({
      store,
      codec: createCacheCodec([definition]),
      log: createLogger('test', { level: 'fatal' }),
    });
    cache.start();
    await cache.synced(AbortSignal.timeout(5_000));
  });
  after(async () => {
    await cache.close();
    await store.close();
  });
  beforeEach(async () => {
    commits = 0;
    beforeCommit = async () => undefined;
    alongside = undefined;
    const { entry } = await store.get(KEY);
    await store.commit([{ kind: 'put', key: KEY, value: encodeObject(thing(0)), expect: entry?.revision ?? 0n }]);
    const { revision } = await store.get(KEY);
    await cache.get(KEY, { kind: 'at-least', revision });
  });

  const core = (): ResourceCore => ({
    definition: { ...definition, strategy: { ...definition.strategy, ...(alongside ? { alongside } : {}) } },
    store: {
      get: (key) => store.get(key),
      async commit(changes) {
        commits += 1;
        await beforeCommit();
        return store.commit(changes);
      },
    } as Store,
    cache,
    schema: undefined,
    namespaces: undefined,
    admit: () => undefined,
    admission: admitEverything,
    now: () => new Date(),
    foreseen: new Foreseen(),
    nameOf: () => 'a',
  });
  const update = (change: ChangeFunction, dryRun = false) =>
    guaranteedUpdate(core(), KEY, change, { dryRun, signal: AbortSignal.timeout(5_000) });
  const add: ChangeFunction = (current) => ({ kind: 'put', object: { ...current, n: (current.n as number) + 1 } });
  const value = async () => {
    const { entry } = await store.get(KEY);
    return entry && decodeObject(entry.value, entry.revision).n;
  };
  /** Somebody else writes. */
  const interfere = async (n: number) => {
    const { entry } = await store.get(KEY);
    await store.commit([{ kind: 'put', key: KEY, value: encodeObject(thing(n)), expect: entry?.revision ?? 0n }]);
  };

  test('writes once when nobody interferes, and answers with the new version', async () => {
    const outcome = await update(add);
    assert.equal(outcome.kind, 'written');
    assert.equal(outcome.object.metadata.resourceVersion, String((await store.get(KEY)).entry?.revision));
    assert.equal(commits, 1);
  });

  test('G2: a lost race is tried again from what stands there now, so no write is lost', async () => {
    let races = 3;
    beforeCommit = async () => {
      if (races > 0) await interfere(races-- * 100);
    };
    await update(add);
    assert.equal(await value(), 101);
    assert.equal(commits, 4);
  });

  test('G2: twenty writers at once all count', async () => {
    await Promise.all(Array.from({ length: 20 }, () => update(add)));
    assert.equal(await value(), 20);
  });

  test('G1: a refusal that comes from a stale cache is decided again from the store', async () => {
    // The cache cannot have seen this write when the update begins.
    const writing = interfere(7);
    const outcome = await update((current) => {
      if (current.n !== 7) throw errors.conflict(definition, 'a');
      return { kind: 'put', object: { ...current, n: 8 } };
    });
    await writing;
    assert.equal(outcome.object.n, 8);
    await assert.rejects(
      update(() => {
        throw errors.conflict(definition, 'a');
      }),
      (error) => isError(error, 'conflict'),
    );
  });

  test('G1: what is decided from the newest entry is decided once', async () => {
    let asked = 0;
    const refuse: ChangeFunction = () => {
      asked += 1;
      throw errors.conflict(definition, 'a');
    };
    await assert.rejects(update(refuse), (error) => isError(error, 'conflict'));
    const keep: ChangeFunction = (object) => {
      asked += 1;
      return { kind: 'put', object };
    };
    assert.equal((await update(keep)).kind, 'unchanged');
    await update((object) => {
      asked += 1;
      return { kind: 'put', object: { ...object, n: 5 } };
    }, true);
    assert.equal(asked, 3);
  });

  test('G3: what does not change is not written, whatever the order of its keys', async () => {
    const { entry } = await store.get(KEY);
    const outcome = await update(({ metadata, n, ...rest }) => ({
      kind: 'put',
      object: { n, ...rest, metadata: { ...metadata }, absent: undefined } as KubernetesObject,
    }));
    assert.equal(outcome.kind, 'unchanged');
    assert.equal(commits, 0);
    assert.equal((await store.get(KEY)).entry?.revision, entry?.revision);
  });

  test('G4: a race that never ends is told as a conflict', async () => {
    let n = 1000;
    beforeCommit = () => interfere(n++);
    await assert.rejects(update(add), (error) => isError(error, 'conflict'));
  });

  test('G5: changes alongside happen with the write or not at all, and are made anew after a race on them', async () => {
    const side = '/reservations/h';
    let asked = 0;
    alongside = async (): Promise<readonly Change[]> => {
      asked += 1;
      const { entry } = await store.get(side);
      const count = Number(entry?.value.toString() ?? '0') + 1;
      return [{ kind: 'put', key: side, value: Buffer.from(String(count)), expect: entry?.revision ?? 0n }];
    };
    let races = 1;
    beforeCommit = async () => {
      if (races-- <= 0) return;
      const { entry } = await store.get(side);
      await store.commit([{ kind: 'put', key: side, value: Buffer.from('10'), expect: entry?.revision ?? 0n }]);
    };
    await update(add);
    assert.equal((await store.get(side)).entry?.value.toString(), '11');
    assert.equal(asked, 2);
    alongside = async () => {
      throw errors.conflict(definition, 'a', 'no room');
    };
    await assert.rejects(update(add), /no room/);
    assert.equal((await store.get(side)).entry?.value.toString(), '11');
  });

  test('a dry run stores nothing, a missing object is 404', async () => {
    const outcome = await update(add, true);
    assert.equal(outcome.kind, 'written');
    assert.equal(await value(), 0);
    await update((object) => ({ kind: 'remove', object }));
    await assert.rejects(update(add), (error) => isError(error, 'notFound'));
  });
});
