/** What stands below an object: its status, its actions, and the ways of kubectl to reach them. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { type KubectlBench, startKubectlBench } from './kubectl.ts';
import { machine } from './machines.ts';

describe('subresources', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    await t.admin
      .post(
        MACHINES,
        machine('web', (m) => {
          m.spec.runStrategy = 'Halted';
        }),
      )
      .expect(201);
  });
  after(() => t?.stop());

  test('U2: status is read, put and patched by itself, and changes nothing else', async () => {
    const path = `${MACHINES}/web/status`;
    const { body } = await t.admin.get(path).expect(200);
    assert.deepEqual([body.kind, body.metadata.name], ['VirtualMachine', 'web']);
    const put = {
      ...body,
      spec: { ...body.spec, runStrategy: 'Always' },
      status: { ...body.status, phase: 'Pending', message: 'put' },
    };
    const answered = (await t.admin.put(path, put).expect(200)).body;
    assert.deepEqual([answered.status.message, answered.spec.runStrategy], ['put', 'Halted']);
    assert.equal(answered.metadata.generation, body.metadata.generation);
    const patch = { spec: { runStrategy: 'Always' }, status: { message: 'patched' } };
    const patched = (await t.admin.patch(path, patch).expect(200)).body;
    assert.deepEqual([patched.status.message, patched.spec.runStrategy], ['patched', 'Halted']);
    const main = (await t.admin.patch(`${MACHINES}/web`, { status: { message: 'main' } }).expect(200)).body;
    assert.equal(main.status.message, 'patched');
  });

  test('U2, U3: status has no other verbs, and a stale version is a conflict', async () => {
    const path = `${MACHINES}/web/status`;
    await t.admin.delete(path).expect(405);
    await t.admin.post(path, {}).expect(405);
    const { body } = await t.admin.get(path).expect(200);
    const stale = { ...body, metadata: { ...body.metadata, resourceVersion: '1' } };
    assert.equal((await t.admin.put(path, stale).expect(409)).body.reason, 'Conflict');
  });

  test('U3, U8: an action is POST alone, an unknown subresource is 404', async () => {
    for (const method of ['get', 'delete'] as const) {
      const { body } = await t.admin[method](`${MACHINES}/web/start`).expect(405);
      assert.equal(body.reason, 'MethodNotAllowed');
    }
    await t.admin.put(`${MACHINES}/web/start`, {}).expect(405);
    await t.admin.patch(`${MACHINES}/web/start`, {}).expect(405);
    const unknown = await t.admin.post(`${MACHINES}/web/fly`, {}).expect(404);
    assert.deepEqual([unknown.body.kind, unknown.body.reason], ['Status', 'NotFound']);
    await t.admin.post(`${MACHINES}/nobody/start`).expect(404);
  });

  test('U8: discovery lists an action with create, a stream with get and create, a part with what it takes', async () => {
    const { body } = await t.admin.get('/apis/torpor.dev/v1alpha1').expect(200);
    const verbs = (name: string) =>
      body.resources.find((resource: { name: string }) => resource.name === `virtualmachines/${name}`)?.verbs;
    assert.deepEqual(verbs('start'), ['create']);
    assert.deepEqual(verbs('console'), ['create', 'get']);
    assert.deepEqual(verbs('status'), ['get', 'patch', 'update']);
  });

  test('U6: a stream that is asked for without an upgrade says how to ask', async () => {
    const { body } = await t.admin.get(`${MACHINES}/web/console`).expect(400);
    assert.match(body.message, /Upgrade header/);
  });
});

describe('subresources by kubectl', { timeout: 240_000 }, () => {
  let bench: KubectlBench;
  const raw = `${MACHINES}/web`;
  before(async () => {
    bench = await startKubectlBench();
    const halted = machine('web', (m) => {
      m.spec.runStrategy = 'Halted';
    });
    await bench.withFile(halted, 'create', '-f');
  });
  after(() => bench.stop());

  test('U7: get, create, replace and delete --raw reach every path', async () => {
    const status = JSON.parse(await bench.ok('get', '--raw', `${raw}/status`));
    assert.equal(status.metadata.name, 'web');
    const file = await bench.manifest({});
    const started = JSON.parse(await bench.ok('create', '--raw', `${raw}/start`, '-f', file));
    assert.equal(started.spec.runStrategy, 'Always');
    const changed = { ...started, spec: { ...started.spec, runStrategy: 'Halted' } };
    const replaced = JSON.parse(await bench.ok('replace', '--raw', raw, '-f', await bench.manifest(changed)));
    assert.equal(replaced.spec.runStrategy, 'Halted');
    assert.notEqual(replaced.metadata.resourceVersion, started.metadata.resourceVersion);
    assert.match(await bench.ok('delete', '--raw', raw), /"kind":"(?:Status|VirtualMachine)"/);
    const refused = await bench.run('create', '--raw', `${raw}-none/start`, '-f', file);
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /NotFound|not found/);
  });

  test('U8: who may use one action may not use another', async () => {
    await bench.withFile(machine('other'), 'create', '-f');
    await bench.ok('create', 'role', 'starter', '--verb=create', '--resource=virtualmachines.torpor.dev/start');
    await bench.ok('create', 'rolebinding', 'starter', '--role=starter', '--user=bob');
    const can = async (subresource: string) =>
      (await bench.run('auth', 'can-i', 'create', 'vms', `--subresource=${subresource}`, '--as=bob')).text.trim();
    assert.equal(await can('start'), 'yes');
    assert.equal(await can('stop'), 'no');
    const file = (name: string) => readFile(join(bench.directory, 'pki', name), 'utf8');
    const [ca, cert, key] = await Promise.all([file('ca.crt'), file('admin.crt'), file('admin.key')]);
    const post = (action: string) =>
      new Promise<{ code: number; text: string }>((resolve, reject) => {
        const options = {
          method: 'POST',
          ca,
          cert,
          key,
          agent: false as const,
          headers: { 'Impersonate-User': 'bob' },
        };
        request(`${bench.url}${MACHINES}/other/${action}`, options, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve({ code: response.statusCode ?? 0, text }));
        })
          .on('error', reject)
          .end();
      });
    assert.notEqual((await post('start')).code, 403);
    const stop = await post('stop');
    assert.equal(stop.code, 403);
    assert.match(stop.text, /cannot create resource \\"virtualmachines\/stop\\"/);
  });
});
