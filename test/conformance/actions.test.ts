import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { host, hostStatus, machine } from './machines.ts';

describe('start, stop and restart by the table of verbs and run strategies', () => {
  let t: TestApi;
  const act = (name: string, verb: string, body?: object, query = '') =>
    t.admin.post(`${MACHINES}/${name}/${verb}${query}`, body);
  const make = (name: string, runStrategy: string) =>
    t.admin
      .post(
        MACHINES,
        machine(name, (m) => {
          m.spec.runStrategy = runStrategy;
        }),
      )
      .expect(201);
  const bind = (name: string) => act(name, 'binding', { target: { name: 'n1' } }).expect(201);
  before(async () => {
    t = await startApi();
    await t.admin.post(HOSTS, host('n1')).expect(201);
    await t.admin.patch(`${HOSTS}/n1/status`, hostStatus('16', '64Gi')).expect(200);
  });
  after(() => t?.stop());

  test('Halted: start makes it Always, stop and restart are refused', async () => {
    await make('h', 'Halted');
    assert.equal((await act('h', 'stop').expect(409)).body.reason, 'Conflict');
    await act('h', 'restart').expect(409);
    const { body } = await act('h', 'start').expect(200);
    assert.equal(body.kind, 'VirtualMachine');
    assert.equal(body.spec.runStrategy, 'Always');
    assert.equal(body.metadata.generation, 2);
    assert.equal(body.status.phase, 'Pending');
  });

  test('Always: start is refused with the reason, stop makes it Halted', async () => {
    await make('a', 'Always');
    const refused = await act('a', 'start').expect(409);
    assert.match(refused.body.message, /Always does not support manual start requests/);
    await bind('a');
    const { body } = await act('a', 'stop', { gracePeriod: 3 }).expect(200);
    assert.equal(body.spec.runStrategy, 'Halted');
    assert.equal(body.status.requests[0].args.gracePeriodSeconds, 3);
  });

  test('Manual: start and stop are requests, and a repeated key asks only once', async () => {
    await make('m', 'Manual');
    const first = await act('m', 'start', { idempotencyKey: 'k' }).expect(200);
    assert.equal(first.body.spec.runStrategy, 'Manual');
    assert.equal(first.body.status.requests.length, 1);
    const second = await act('m', 'start', { idempotencyKey: 'k' }).expect(200);
    assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    const bound = await bind('m');
    assert.equal(bound.body.status.requests, undefined);
    const stop = await act('m', 'stop').expect(200);
    assert.deepEqual(
      stop.body.status.requests.map((one: { action: string }) => one.action),
      ['stop'],
    );
  });

  test('restart is a request about this boot', async () => {
    await make('r', 'Always');
    await act('r', 'restart').expect(409);
    const bound = await bind('r');
    const { body } = await act('r', 'restart', { gracePeriodSeconds: 0 }).expect(200);
    const [request] = body.status.requests;
    assert.equal(request.action, 'restart');
    assert.equal(request.args.bootID, bound.body.status.bootID);
    assert.equal(body.metadata.generation, 1);
  });

  test('two at once: one request, whoever wins', async () => {
    await make('two', 'Manual');
    const answers = await Promise.all([act('two', 'start'), act('two', 'start'), act('two', 'start')]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    const { body } = await t.admin.get(`${MACHINES}/two`).expect(200);
    assert.equal(body.status.requests.length, 1);
  });

  test('wrong bodies, dry runs, machines that are missing or going', async () => {
    await act('r', 'restart', { gracePeriodSeconds: -1 }).expect(422);
    await act('r', 'restart', { grace: 1 }).expect(400);
    await act('r', 'restart', { kind: 'StopOptions' }).expect(400);
    await act('missing', 'start').expect(404);
    await make('d', 'Halted');
    const dry = await act('d', 'start', undefined, '?dryRun=All').expect(200);
    assert.equal(dry.body.spec.runStrategy, 'Always');
    assert.equal((await t.admin.get(`${MACHINES}/d`)).body.spec.runStrategy, 'Halted');
    await t.admin.delete(`${MACHINES}/d`).expect(200);
    await act('d', 'start').expect(409);
    assert.match((await t.admin.get(`${MACHINES}/d/console`).expect(400)).body.message, /Upgrade/);
  });

  test('a plain update of runStrategy writes the phase that goes with it', async () => {
    await make('p', 'Always');
    const halted = await t.admin.patch(`${MACHINES}/p`, { spec: { runStrategy: 'Halted' } }).expect(200);
    assert.equal(halted.body.status.phase, 'Stopped');
    const again = await t.admin.patch(`${MACHINES}/p`, { spec: { runStrategy: 'Always' } }).expect(200);
    assert.equal(again.body.status.phase, 'Pending');
  });
});
