import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../../../base/log.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { Cache, CacheWatch, WatchStep } from '../../../storage/cache/cache.ts';
import { WatchCache } from '../../../storage/cache/watch-cache.ts';
import { MemoryStore } from '../../../storage/memory/memory-store.ts';
import { keyOf } from '../../registry/keys.ts';
import { StoredRules } from './stored-rules.ts';

const logger = createLogger('test', { level: 'fatal' });
const roles = { group: 'rbac.authorization.k8s.io', plural: 'roles', namespaced: true };

function startCache(store: MemoryStore) {
  const cache = new WatchCache<KubernetesObject, unknown>({
    store,
    log: logger,
    codec: {
      admit: (entry) => ({ bytes: entry.value, summary: undefined }),
      parse: (bytes) => JSON.parse(bytes.toString()) as KubernetesObject,
    },
  });
  return cache;
}

async function put(store: MemoryStore, namespace: string, name: string, verb: string | undefined): Promise<void> {
  const key = keyOf(roles, namespace, name);
  const { entry } = await store.get(key);
  const expect = entry?.revision ?? 0n;
  const value = Buffer.from(JSON.stringify({ metadata: { name, namespace }, rules: [{ verbs: [verb] }] }));
  await store.commit([verb === undefined ? { kind: 'remove', key, expect } : { kind: 'put', key, value, expect }]);
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 300 && !condition(); attempt++) await delay(10);
  assert.ok(condition());
}

test('Y2, Y1, Y3: not yet is 503; then what is stored, as it changes; nothing is followed after close', async () => {
  const store = new MemoryStore();
  await put(store, 'a', 'reader', 'get');
  const cache = startCache(store);
  const rules = new StoredRules(cache, logger);
  assert.throws(() => rules.role('a', 'reader'), { code: 503 });
  assert.match(rules.unready ?? '', /not been read yet/);
  cache.start();
  rules.start();
  await until(() => rules.unready === undefined);
  const verb = (namespace: string, name: string) => rules.role(namespace, name)?.rules?.[0]?.verbs[0];
  assert.equal(verb('a', 'reader'), 'get');
  assert.equal(verb('b', 'reader'), undefined);
  assert.deepEqual([...rules.clusterRoleBindings()], []);
  await put(store, 'a', 'reader', 'list');
  await put(store, 'b', 'other', 'watch');
  await until(() => verb('a', 'reader') === 'list' && verb('b', 'other') === 'watch');
  await put(store, 'b', 'other', undefined);
  await until(() => verb('b', 'other') === undefined);
  rules.close();
  await delay(20);
  await put(store, 'a', 'reader', 'delete');
  await delay(50);
  assert.equal(verb('a', 'reader'), 'list');
  await cache.close();
  await store.close();
});

test('Y1: when a watch ends, the state is read anew and what is gone is forgotten; meanwhile the old stands', async () => {
  const item = (name: string) => ({ key: keyOf(roles, 'a', name), object: { metadata: { name, namespace: 'a' } } });
  let opened = 0;
  let release = () => {};
  const fake = {
    synced: async () => {},
    async watch(scope: { prefix: string }) {
      const first = scope.prefix.endsWith('/roles/') ? opened++ === 0 : false;
      const steps = async function* (): AsyncGenerator<WatchStep<KubernetesObject, unknown>> {
        const items = scope.prefix.endsWith('/roles/') ? [item(first ? 'old' : 'new')] : [];
        yield { kind: 'state', items, revision: 1n } as never;
        if (first) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          yield { kind: 'ended', why: 'resync' };
        } else await new Promise(() => {});
      };
      return {
        kind: 'open',
        watch: Object.assign(steps(), { revision: 1n }) as unknown as CacheWatch<KubernetesObject, unknown>,
      };
    },
  } as unknown as Cache<KubernetesObject, unknown>;
  const rules = new StoredRules(fake, logger);
  rules.start();
  await until(() => rules.unready === undefined && rules.role('a', 'old') !== undefined);
  release();
  assert.ok(rules.role('a', 'old'));
  await until(() => rules.role('a', 'new') !== undefined);
  assert.equal(rules.role('a', 'old'), undefined);
  rules.close();
});
