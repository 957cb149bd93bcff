import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { host, hostStatus, machine } from './machines.ts';

describe('while etcd does not answer', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    await t.admin.post(MACHINES, machine('web')).expect(201);
  });
  after(async () => {
    t?.etcd.thaw();
    await t?.stop();
  });

  test('E33: reads that must be fresh are 503 and never 404, cached ones go on, and all is well afterwards', async () => {
    const watch = await t.admin.watch(`${MACHINES}?watch=true&resourceVersion=0`);
    assert.deepEqual(await watch.names(1), ['ADDED web']);
    t.etcd.freeze();
    const cached = await t.admin.get(`${MACHINES}?resourceVersion=0`).expect(200);
    assert.equal(cached.body.items.length, 1);
    const answers = await Promise.all([
      t.admin.get(MACHINES),
      t.admin.get(`${MACHINES}/web`),
      t.admin.get(`${MACHINES}/missing`),
      t.admin.post(MACHINES, machine('later')),
      t.admin.patch(`${MACHINES}/web`, { metadata: { labels: { a: 'b' } } }),
    ]);
    for (const { status, body, headers } of answers) {
      assert.equal(status, 503, JSON.stringify(body));
      assert.equal(body.reason, 'ServiceUnavailable');
      assert.match(String(headers['retry-after']), /^\d+$/);
    }
    t.etcd.thaw();
    for (let attempt = 0; (await t.admin.get(MACHINES)).status !== 200; attempt += 1) {
      assert.ok(attempt < 100, 'the server did not come back');
      await delay(100);
    }
    const { body } = await t.admin.patch(`${MACHINES}/web`, { metadata: { labels: { c: 'd' } } }).expect(200);
    for (;;) {
      const frame = await watch.next();
      assert.ok(frame !== undefined, 'the watch ended');
      if (frame.object.metadata.resourceVersion === body.metadata.resourceVersion) break;
    }
    watch.close();
  });

  test('D12, D25: discovery and OpenAPI do not ask etcd: they answer, and as current', async () => {
    t.etcd.freeze();
    try {
      // Twice as long as it takes, and half of what the aggregator gives it.
      const get = (path: string, accept = 'application/json') =>
        t.admin.get(path).set('Accept', accept).timeout(2_500).expect(200);
      const { body } = await get('/apis/torpor.dev/v1alpha1');
      assert.equal(body.groupVersion, 'torpor.dev/v1alpha1');
      const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
      for (const path of ['/api', '/apis']) {
        const { items } = JSON.parse((await get(path, v2)).text) as { items: { versions: { freshness: string }[] }[] };
        for (const version of items.flatMap(({ versions }) => versions)) assert.equal(version.freshness, 'Current');
      }
      await get('/openapi/v2');
      await get('/openapi/v3/apis/torpor.dev/v1alpha1');
    } finally {
      t.etcd.thaw();
    }
  });

  test('live values of a connected host are merged into get, and into lists on request', async () => {
    await t.admin.post(HOSTS, host('n1')).expect(201);
    await t.admin.patch(`${HOSTS}/n1/status`, hostStatus('4', '8Gi')).expect(200);
    const bound = await t.admin.post(`${MACHINES}/web/binding`, { target: { name: 'n1' } }).expect(201);
    assert.equal((await t.admin.get(`${MACHINES}/web`)).body.status.live, null);
    const session = t.live.open('n1');
    session.set(bound.body.metadata.uid, { stage: 'PullingImage', message: '40 %' });
    assert.equal((await t.admin.get(`${MACHINES}/web`)).body.status.live.stage, 'PullingImage');
    // The create above was answered 503 and may have happened all the same.
    const web = 'fieldSelector=metadata.name%3Dweb';
    assert.equal((await t.admin.get(`${MACHINES}?${web}`)).body.items[0].status.live, undefined);
    assert.equal((await t.admin.get(`${MACHINES}?${web}&live=true`)).body.items[0].status.live.stage, 'PullingImage');
    const table = await t.admin
      .get(`${MACHINES}?${web}`)
      .set('Accept', 'application/json;as=Table;g=meta.k8s.io;v=v1')
      .expect(200);
    assert.equal(table.body.rows[0].cells[1], 'PullingImage');
    assert.equal((await t.admin.get(`${HOSTS}/n1`)).body.status.live.machines, 1);
    session.close();
    assert.equal((await t.admin.get(`${HOSTS}/n1`)).body.status.live, null);
  });
});
