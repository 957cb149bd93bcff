import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { host, hostStatus, machine } from './machines.ts';

describe('?wait=<phase>: the answer comes when the machine is there', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    await t.admin.post(HOSTS, host('n1')).expect(201);
    await t.admin.patch(`${HOSTS}/n1/status`, hostStatus('16', '64Gi')).expect(200);
  });
  after(() => t?.stop());
  const status = (name: string, body: object) =>
    t.admin.patch(`${MACHINES}/${name}/status`, { status: body }).expect(200);

  test('a create answers with the running machine', async () => {
    const creating = t.admin
      .post(`${MACHINES}?wait=Running&waitTimeout=10s`, machine('w'))
      .expect(201)
      .then((answer) => answer);
    await delay(150);
    await t.admin.post(`${MACHINES}/w/binding`, { target: { name: 'n1' } }).expect(201);
    await status('w', { phase: 'Running' });
    assert.equal((await creating).body.status.phase, 'Running');
  });

  test('an action too, at once when the machine is there already', async () => {
    const began = Date.now();
    const { body } = await t.admin.post(`${MACHINES}/w/restart?wait=Running&waitTimeout=10s`).expect(200);
    assert.equal(body.status.phase, 'Running');
    assert.ok(Date.now() - began < 2_000);
  });

  test('when the time is over, 504 says where it hangs, and what was written stays (T2, T3)', async () => {
    const { body } = await t.admin.post(`${MACHINES}?wait=Running&waitTimeout=200ms`, machine('slow')).expect(504);
    assert.equal(body.reason, 'Timeout');
    assert.match(body.message, /"slow" did not become Running within 0\.2s: it is Pending/);
    await t.admin.get(`${MACHINES}/slow`).expect(200);
    await t.admin.post(`${MACHINES}/slow/binding`, { target: { name: 'n1' } }).expect(201);
    const conditions = [
      {
        type: 'VolumesReady',
        status: 'False',
        reason: 'ImagePullFailed',
        message: 'no such image',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ];
    await status('slow', { conditions });
    const hung = await t.admin.post(`${MACHINES}/slow/stop?wait=Stopped&waitTimeout=200ms`).expect(504);
    assert.match(hung.body.message, /it is Preparing \(VolumesReady: no such image\)/);
  });

  test('parameters that make no sense are refused before anything is written (T1)', async () => {
    for (const query of ['wait=Flying', 'wait=Running&waitTimeout=soon', 'wait=Running&waitTimeout=2m']) {
      await t.admin.post(`${MACHINES}?${query}`, machine('never')).expect(400);
    }
    await t.admin.post('/api/v1/namespaces/default/configmaps?wait=Running', { metadata: { name: 'c' } }).expect(400);
    await t.admin.get(`${MACHINES}/never`).expect(404);
  });

  test('a machine that goes away ends the waiting (T4)', async () => {
    const creating = t.admin
      .post(`${MACHINES}?wait=Running&waitTimeout=10s`, machine('gone'))
      .expect(409)
      .then((answer) => answer);
    await delay(150);
    await t.admin.delete(`${MACHINES}/gone`).expect(200);
    await t.admin.patch(`${MACHINES}/gone`, { metadata: { finalizers: null } }).expect(200);
    assert.match((await creating).body.message, /went away before it was Running/);
  });
});
