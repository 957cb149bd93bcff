/** What clients are told while the store cannot be trusted: never that something does not exist. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { createCacheCodec } from '../../apiserver/registry/cache-codec.ts';
import type { Summary } from '../../apiserver/registry/core.ts';
import { Foreseen } from '../../apiserver/registry/foreseen.ts';
import { createRegistry } from '../../apiserver/registry/registry.ts';
import type { Strategy } from '../../apiserver/registry/resource.ts';
import { createDispatch } from '../../apiserver/verbs/dispatch.ts';
import { standardWatchSettings } from '../../apiserver/verbs/watch-settings.ts';
import { createLogger } from '../../base/log.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { WatchCache } from '../../storage/cache/watch-cache.ts';
import { MemoryStore } from '../../storage/memory/memory-store.ts';
import { definition, issue, startInjected } from './injected-server.ts';

const LIST = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** The real server and registry over a store in memory. */
async function start(strategy: Partial<Strategy> = {}, fill = true) {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  const toy = definition({
    kind: 'VirtualMachine',
    plural: 'virtualmachines',
    strategy: { hasStatus: true, ...strategy },
  });
  const store = new MemoryStore();
  const log = createLogger('test', { level: 'fatal' });
  const codec = createCacheCodec([toy]);
  const cache = new WatchCache<KubernetesObject, Summary>({ store, codec, log, patienceMs: 200 });
  cleanups.push(() => cache.close());
  if (fill) {
    cache.start();
    await cache.synced(AbortSignal.timeout(5_000));
  }
  const registry = createRegistry({
    foreseen: new Foreseen(),
    definitions: [toy],
    store,
    cache,
    schemaFor: () => undefined,
  });
  const injected = await startInjected(directory, {
    resources: [toy],
    dispatch: createDispatch(registry, standardWatchSettings),
  });
  cleanups.push(() => injected.server.stop());
  const admin = await issue(injected.authority, { commonName: 'admin', organizations: ['system:masters'] });
  return { store, cache, client: () => injected.as(admin) };
}

test('E33, E19: before the cache has been filled everything is 503, and nothing is missing', async () => {
  const { client, cache } = await start({}, false);
  const patch = () => client().patch(`${LIST}/x`).set('Content-Type', 'application/merge-patch+json').send('{}');
  for (const send of [
    () => client().get(LIST),
    () => client().get(`${LIST}/x`),
    () => client().get(`${LIST}?resourceVersion=0`),
    () => client().delete(LIST),
    () => client().delete(`${LIST}/x`),
    patch,
  ]) {
    const { status, body, headers } = await send();
    assert.equal(status, 503, JSON.stringify(body));
    assert.equal(body.reason, 'ServiceUnavailable');
    assert.equal(headers['retry-after'], '1');
    assert.equal(body.details.retryAfterSeconds, 1);
  }
  cache.start();
  await cache.synced(AbortSignal.timeout(5_000));
  assert.equal((await client().get(`${LIST}/x`)).status, 404);
  assert.deepEqual((await client().get(LIST)).body.items, []);
});

test('E18: a create whose neighbours never stop changing may be tried again', async () => {
  // A key beside the object is never as the strategy expects it.
  const { client } = await start({
    alongside: async () => [{ kind: 'put', key: '/beside/a', value: Buffer.from('{}'), expect: 77n }],
  });
  const { status, body, headers } = await client()
    .post(LIST)
    .send({ metadata: { name: 'x' } });
  assert.equal(status, 500);
  assert.equal(body.reason, 'ServerTimeout');
  assert.equal(
    body.message,
    'The create operation against virtualmachines.torpor.dev could not be completed at this time, please try again.',
  );
  assert.deepEqual(body.details, { group: 'torpor.dev', kind: 'virtualmachines', retryAfterSeconds: 1 });
  assert.equal(headers['retry-after'], '1');
});
