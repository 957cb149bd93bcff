import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { VirtualMachine } from '../../openapi/api.ts';
import { type Client, HOSTS, MACHINES, startApi, type TestApi } from './harness.ts';
import { host, hostStatus, machine } from './machines.ts';

const bindingTo = (name: string) => ({ apiVersion: 'torpor.dev/v1alpha1', kind: 'Binding', target: { name } });

describe('binding: a machine, a host and its reservation in one transaction', () => {
  let t: TestApi;
  let launcher: Client;
  const reservations = async (name: string) => {
    const { entry } = await t.store.get(`/reservations/${name}`);
    return entry === undefined ? {} : JSON.parse(entry.value.toString()).machines;
  };
  before(async () => {
    t = await startApi();
    launcher = await t.launcher('n1');
    await t.admin.post(HOSTS, host('n1')).expect(201);
    await t.admin.post(HOSTS, host('n2')).expect(201);
  });
  after(() => t?.stop());

  test('causes say why not: no such host, not ready, cordoned', async () => {
    await t.admin.post(MACHINES, machine('a')).expect(201);
    const missing = await t.admin.post(`${MACHINES}/a/binding`, bindingTo('nowhere')).expect(409);
    assert.equal(missing.body.details.causes[0].reason, 'HostNotFound');
    const silent = await t.admin.post(`${MACHINES}/a/binding`, bindingTo('n1')).expect(409);
    assert.equal(silent.body.details.causes[0].reason, 'HostNotReady');
    // Each machine of the suites takes 100m and 128Mi + overhead.
    await t.admin.patch(`${HOSTS}/n1/status`, hostStatus('1', '1Gi')).expect(200);
    await t.admin.patch(`${HOSTS}/n2/status`, hostStatus('250m', '100Gi')).expect(200);
    await t.admin.patch(`${HOSTS}/n1`, { spec: { unschedulable: true } }).expect(200);
    const cordoned = await t.admin.post(`${MACHINES}/a/binding`, bindingTo('n1')).expect(409);
    assert.equal(cordoned.body.details.causes[0].reason, 'HostUnschedulable');
    await t.admin.patch(`${HOSTS}/n1`, { spec: { unschedulable: false } }).expect(200);
    await t.admin.post(`${MACHINES}/a/binding`, { target: {} }).expect(422);
    await t.admin.post(`${MACHINES}/a/binding`).expect(400);
    await t.admin.post(`${MACHINES}/missing/binding`, bindingTo('n1')).expect(404);
    assert.deepEqual(await reservations('n1'), {});
  });

  test('a binding writes host, boot, phase, condition and reservation', async () => {
    const { body } = await t.admin.post(`${MACHINES}/a/binding`, bindingTo('n1')).expect(201);
    assert.equal(body.status.nodeName, 'n1');
    assert.match(body.status.bootID, /^[0-9a-f-]{36}$/);
    assert.equal(body.status.phase, 'Preparing');
    const scheduled = body.status.conditions.find((one: { type: string }) => one.type === 'Scheduled');
    assert.equal(scheduled.status, 'True');
    assert.deepEqual(Object.keys(await reservations('n1')), [body.metadata.uid]);
    const again = await t.admin.post(`${MACHINES}/a/binding`, bindingTo('n2')).expect(409);
    assert.equal(again.body.details.causes[0].reason, 'AlreadyBound');
  });

  test('status: the phase follows its table, a host and a boot come from a binding only', async () => {
    const path = `${MACHINES}/a/status`;
    const illegal = await launcher.patch(path, { status: { phase: 'Suspended' } }).expect(422);
    assert.equal(illegal.body.details.causes[0].field, 'status.phase');
    const moved = await t.admin.patch(path, { status: { nodeName: 'n2' } }).expect(422);
    assert.equal(moved.body.details.causes[0].field, 'status.nodeName');
    await t.admin.patch(path, { status: { nodeName: null } }).expect(422);
    const ignored = await launcher
      .patch(path, { spec: { runStrategy: 'Halted' }, metadata: { labels: { x: 'y' } } })
      .expect(200);
    assert.equal(ignored.body.spec.runStrategy, 'Always');
    assert.equal(ignored.body.metadata.labels, undefined);
    const running = await launcher.patch(path, { status: { phase: 'Running' } }).expect(200);
    assert.equal(running.body.metadata.generation, 1);
  });

  test('a launcher writes only machines and hosts of its own', async () => {
    const other = await t.launcher('n2');
    const refused = await other.patch(`${MACHINES}/a/status`, { status: { phase: 'Failed' } }).expect(403);
    assert.equal(refused.body.reason, 'Forbidden');
    await other.post(HOSTS, host('n3')).expect(403);
    await launcher.patch(`${MACHINES}/a`, { metadata: { labels: { x: 'y' } } }).expect(403);
  });

  test('the boot fields of a machine on a host stay as they are', async () => {
    const { body } = await t.admin
      .patch(`${MACHINES}/a`, { spec: { domain: { memory: { guest: '256Mi' } } } })
      .expect(422);
    assert.equal(body.details.causes[0].field, 'spec.domain.memory.guest');
  });

  test('the write that gives the host back releases the reservation, and losing the finalizer removes the machine', async () => {
    await t.admin.delete(`${MACHINES}/a`).expect(200);
    assert.equal(Object.keys(await reservations('n1')).length, 1);
    const stopped = { status: { phase: 'Stopped', nodeName: null, bootID: null, lastNodeName: 'n1' } };
    await launcher.patch(`${MACHINES}/a/status`, stopped).expect(200);
    assert.deepEqual(await reservations('n1'), {});
    await t.admin.patch(`${MACHINES}/a`, { metadata: { finalizers: null } }).expect(200);
    await t.admin.get(`${MACHINES}/a`).expect(404);
  });

  test('a machine that loses its finalizer while a host holds it leaves no reservation behind', async () => {
    await t.admin.post(MACHINES, machine('forced')).expect(201);
    await t.admin.post(`${MACHINES}/forced/binding`, bindingTo('n1')).expect(201);
    await t.admin.delete(`${MACHINES}/forced`).expect(200);
    await t.admin.patch(`${MACHINES}/forced`, { metadata: { finalizers: null } }).expect(200);
    assert.deepEqual(await reservations('n1'), {});
  });

  test('many schedulers at once never overcommit a host, and the losers are told', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `r${index}`);
    await Promise.all(names.map((name) => t.admin.post(MACHINES, machine(name)).expect(201)));
    const second = await t.as('torpor:reconcilers', 'torpor:components');
    // Two schedulers with different minds: n2 has room for two by cpu, n1 for four by memory.
    const answers = await Promise.all(
      names.flatMap((name) => [
        t.admin.post(`${MACHINES}/${name}/binding`, bindingTo('n2')),
        second.post(`${MACHINES}/${name}/binding`, bindingTo('n1')),
      ]),
    );
    const bound = answers.filter(({ status }) => status === 201).map(({ body }) => body as VirtualMachine);
    assert.ok(answers.every(({ status }) => status === 201 || status === 409));
    const at = (node: string) => bound.filter(({ status }) => status?.nodeName === node);
    assert.equal(at('n2').length, 2);
    assert.equal(at('n1').length, 4);
    assert.equal(new Set(bound.map(({ metadata }) => metadata.name)).size, bound.length);
    for (const node of ['n1', 'n2']) {
      const uids = at(node).map(({ metadata }) => metadata.uid ?? '');
      assert.deepEqual(Object.keys(await reservations(node)).sort(), uids.sort());
    }
    const reasons = new Set(answers.flatMap(({ body }) => body.details?.causes ?? []).map(({ reason }) => reason));
    assert.ok(reasons.has('InsufficientCPU') && reasons.has('InsufficientMemory'), [...reasons].join());
    const { body } = await t.admin.get(`${MACHINES}?fieldSelector=status.nodeName%3Dn2`).expect(200);
    assert.equal(body.items.length, 2);
  });

  test('K6: a dry run of a binding binds nothing', async () => {
    await t.admin.patch(`${HOSTS}/n1/status`, hostStatus('8', '64Gi')).expect(200);
    await t.admin.post(MACHINES, machine('dry')).expect(201);
    const { body } = await t.admin.post(`${MACHINES}/dry/binding?dryRun=All`, bindingTo('n1')).expect(201);
    assert.equal(body.status.nodeName, 'n1');
    assert.equal((await t.admin.get(`${MACHINES}/dry`)).body.status.nodeName, undefined);
    assert.equal(Object.keys(await reservations('n1')).length, 4);
  });
});
