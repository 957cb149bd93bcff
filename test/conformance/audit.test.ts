/** The audit log: who did what, in the form audit.k8s.io/v1. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { machine } from './machines.ts';
import { openWatch } from './watch-client.ts';
import { startWholeServer, until, type WholeServer } from './whole-server.ts';

const MACHINES = '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines';
const CORE = '/api/v1/namespaces/default';

const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    nonResourceURLs: ['/readyz*', /metrics]
  - level: RequestResponse
    users: [bodies]
    omitManagedFields: true
  - level: Request
    resources: [{group: torpor.dev, resources: [virtualmachines/status]}]
  - level: Metadata
    verbs: [watch]
    omitStages: [Panic]
  - level: Metadata
`;

interface Event {
  kind: string;
  apiVersion: string;
  level: string;
  auditID: string;
  stage: string;
  requestURI: string;
  verb: string;
  user: { username?: string; groups?: string[] };
  impersonatedUser?: { username?: string; groups?: string[] };
  sourceIPs: string[];
  userAgent?: string;
  objectRef?: Record<string, string>;
  responseStatus?: { code?: number; reason?: string; message?: string; status?: string };
  requestObject?: { metadata?: Record<string, unknown>; spec?: unknown } & Record<string, unknown>;
  responseObject?: { metadata?: Record<string, unknown>; items?: unknown[] } & Record<string, unknown>;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations?: Record<string, string>;
}

describe('audit', () => {
  let t: WholeServer;
  let admin: KeyPair;
  let bodies: KeyPair;
  before(async () => {
    t = await startWholeServer(async (directory) => {
      await writeFile(join(directory, 'policy.yaml'), policy);
      return ['--embedded', `--audit-policy-file=${directory}/policy.yaml`, `--audit-log-path=${directory}/audit.log`];
    });
    admin = await t.user('admin', 'system:masters');
    bodies = await t.user('bodies', 'system:masters');
  });
  after(() => t?.stop());

  const lines = async () =>
    (await readFile(join(t.directory, 'audit.log'), 'utf8')).split('\n').filter((line) => line !== '');
  const events = async (auditID: string): Promise<Event[]> =>
    (await lines()).map((line) => JSON.parse(line) as Event).filter((event) => event.auditID === auditID);
  /** The events of a request, when there are as many as expected. */
  const eventsOf = (auditID: string, count = 1) =>
    until(
      () => events(auditID),
      ({ length }) => length >= count,
    );
  const idOf = (response: { headers: Record<string, string> }) => response.headers['audit-id'] ?? '';

  test('A40, A41: an event says who did what to which object, how it ended, and who allowed it', async () => {
    const response = await t
      .as(admin)
      .post(MACHINES)
      .set({ 'Audit-ID': 'my-id', 'X-Forwarded-For': '192.0.2.7, nonsense', 'X-Real-Ip': '192.0.2.8' })
      .send(machine('web'));
    assert.equal(response.status, 201);
    assert.equal(idOf(response), 'my-id');
    const [event, ...more] = await eventsOf('my-id');
    assert.deepEqual(more, []);
    const { requestReceivedTimestamp, stageTimestamp, ...rest } = event ?? assert.fail();
    for (const time of [requestReceivedTimestamp, stageTimestamp]) {
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
    assert.ok(requestReceivedTimestamp <= stageTimestamp);
    assert.deepEqual(rest, {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: 'my-id',
      stage: 'ResponseComplete',
      requestURI: MACHINES,
      verb: 'create',
      user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['192.0.2.7', '192.0.2.8', '127.0.0.1'],
      userAgent: 'suite/1',
      objectRef: {
        resource: 'virtualmachines',
        namespace: 'default',
        name: 'web',
        apiGroup: 'torpor.dev',
        apiVersion: 'v1alpha1',
      },
      responseStatus: { metadata: {}, code: 201 },
      annotations: {
        'authorization.k8s.io/decision': 'allow',
        'authorization.k8s.io/reason': 'the user is in the group system:masters',
      },
    });
  });

  test('A40: the first rule that matches decides how much is written down, and whether anything is', async () => {
    const silent = await t.as(admin).get('/readyz/ping');
    const path = await t.as(admin).get('/version');
    await eventsOf(idOf(path));
    assert.deepEqual(await events(idOf(silent)), []);
    const status = await t.as(admin).get(`${MACHINES}/web/status`);
    const [event] = await eventsOf(idOf(status));
    assert.equal(event?.level, 'Request');
    assert.equal(event?.objectRef?.subresource, 'status');
    const [ofPath] = await events(idOf(path));
    assert.equal(ofPath?.objectRef, undefined);
    assert.equal(ofPath?.verb, 'get');
  });

  test('A41: bodies stand in the event from the level that wants them, each in one line, without managed fields', async () => {
    const talkative = machine('talkative', (m) => {
      m.metadata.managedFields = [];
    });
    const created = await t
      .as(bodies)
      .post(`${MACHINES}?pretty=true`)
      .set('Content-Type', 'application/json')
      .send(JSON.stringify(talkative, undefined, 2));
    const [event] = await eventsOf(idOf(created));
    assert.equal(event?.level, 'RequestResponse');
    assert.equal(event?.requestObject?.metadata?.name, 'talkative');
    assert.equal(event?.responseObject?.metadata?.uid, created.body.metadata.uid);
    assert.equal(event?.requestObject?.metadata?.managedFields, undefined);
    assert.equal(event?.responseObject?.metadata?.managedFields, undefined);

    const patch = await t
      .as(bodies)
      .patch(`${MACHINES}/talkative`)
      .set('Content-Type', 'application/merge-patch+json')
      .send('{"metadata":{"labels":{"a":"b"}}}');
    const [patched] = await eventsOf(idOf(patch));
    assert.deepEqual(patched?.requestObject, { metadata: { labels: { a: 'b' } } });
    const yaml = await t
      .as(bodies)
      .post(`${MACHINES}?dryRun=All`)
      .set('Content-Type', 'application/yaml')
      .send('apiVersion: torpor.dev/v1alpha1\nkind: VirtualMachine\nmetadata: {name: y}\nspec: {}\n');
    assert.match(String((await eventsOf(idOf(yaml)))[0]?.requestObject), /^apiVersion: /);
    const list = await t.as(bodies).get(MACHINES);
    assert.equal((await eventsOf(idOf(list)))[0]?.responseObject?.items?.length, list.body.items.length);
    const data = { big: 'x'.repeat(300_000) };
    await t
      .as(admin)
      .post(`${CORE}/configmaps`)
      .send({ metadata: { name: 'big' }, data });
    const long = await t.as(bodies).get(`${CORE}/configmaps`);
    const [sliced] = await eventsOf(idOf(long));
    assert.equal(sliced?.responseObject, undefined);
    assert.equal(sliced?.annotations?.['audit.k8s.io/truncated'], 'true');
    const broken = await t.as(bodies).post(MACHINES).set('Content-Type', 'application/json').send('{"a":\n"');
    assert.equal(broken.status, 400);
    const [refused] = await eventsOf(idOf(broken));
    assert.equal(refused?.responseStatus?.reason, 'BadRequest');
    for (const line of await lines()) assert.doesNotThrow(() => JSON.parse(line));
  });

  test('A41: refusals tell why; who is not recognized has one line; nobody hides behind somebody else', async () => {
    const nobody = await t.user('nobody');
    const refused = await t.as(nobody).get(`${MACHINES}/web`);
    assert.equal(refused.status, 403);
    const [forbidden] = await eventsOf(idOf(refused));
    assert.equal(forbidden?.annotations?.['authorization.k8s.io/decision'], 'forbid');
    assert.equal(forbidden?.responseStatus?.code, 403);
    assert.equal(forbidden?.responseStatus?.reason, 'Forbidden');
    assert.match(forbidden?.responseStatus?.message ?? '', /User "nobody" cannot get/);

    const unknown = await t.as().get(`${MACHINES}/web`).set('Authorization', 'Bearer wrong');
    assert.equal(unknown.status, 401);
    const [stranger, ...more] = await eventsOf(idOf(unknown));
    assert.deepEqual(more, []);
    assert.deepEqual([stranger?.stage, stranger?.user, stranger?.responseStatus?.code], ['ResponseStarted', {}, 401]);
    assert.ok(!(await lines()).some((line) => line.includes('wrong')));

    const acting = await t.as(admin).get(`${MACHINES}/web`).set('Impersonate-User', 'ann');
    const [acted] = await eventsOf(idOf(acting));
    assert.equal(acted?.user.username, 'admin');
    assert.deepEqual(acted?.impersonatedUser, { username: 'ann', groups: ['system:authenticated'] });
  });

  test('A41: a watch has a line when it starts and one when it ends', async () => {
    const { port, own } = t;
    const watch = await openWatch({
      port,
      path: `${MACHINES}?watch=true&timeoutSeconds=1`,
      ca: own.certificate,
      cert: admin.certificate,
      key: admin.key,
    });
    const id = String(watch.response.headers['audit-id']);
    const found = await eventsOf(id, 2);
    assert.deepEqual(
      found.map(({ stage, verb, responseStatus }) => [stage, verb, responseStatus?.code]),
      [
        ['ResponseStarted', 'watch', 200],
        ['ResponseComplete', 'watch', 200],
      ],
    );
    assert.ok((found[0]?.stageTimestamp ?? '') < (found[1]?.stageTimestamp ?? ''));
  });

  test('A42: what is secret is never written down, whatever the policy wants', async () => {
    const secret = { metadata: { name: 'key' }, stringData: { password: 'hunter2' } };
    const created = await t.as(bodies).post(`${CORE}/secrets`).send(secret);
    assert.equal(created.status, 201);
    const read = await t.as(bodies).get(`${CORE}/secrets`);
    const wrong = await t
      .as(bodies)
      .post(`${CORE}/secrets`)
      .send({ metadata: { name: 'x' }, data: { password: 'hunter2!' } });
    assert.equal(wrong.status >= 400, true);
    for (const response of [created, read, wrong]) {
      const [event] = await eventsOf(idOf(response));
      assert.equal(event?.level, 'Metadata');
      assert.equal(event?.objectRef?.resource, 'secrets');
      assert.equal(event?.responseStatus?.code, response.status);
    }
    assert.equal((await eventsOf(idOf(created)))[0]?.objectRef?.name, 'key');
    const text = await readFile(join(t.directory, 'audit.log'), 'utf8');
    for (const leak of ['hunter2', 'aHVudGVyMg']) assert.ok(!text.includes(leak), leak);
    // Every other kind has its bodies at the level of this user.
    const plain = await t
      .as(bodies)
      .post(`${CORE}/configmaps`)
      .send({ metadata: { name: 'c' }, data: { a: 'open' } });
    assert.deepEqual((await eventsOf(idOf(plain)))[0]?.requestObject?.data, { a: 'open' });
  });

  test('the events are counted by level and in all', async () => {
    const { text } = await t.as(admin).get('/metrics');
    const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    assert.ok(count('apiserver_audit_event_total') >= (await lines()).length);
    assert.ok(count('apiserver_audit_level_total{level="Metadata"}') > 5);
    assert.equal(count('apiserver_audit_error_total{plugin="log"}'), 0);
  });
});

test('A40: a policy that cannot be meant is refused at the start, with all that is wrong', async () => {
  const wrong = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: All, usres: [a]}]\nomitStages: [Never]\n';
  await assert.rejects(
    startWholeServer(async (directory) => {
      await writeFile(join(directory, 'policy.yaml'), wrong);
      return ['--embedded', `--audit-policy-file=${directory}/policy.yaml`, `--audit-log-path=${directory}/audit.log`];
    }),
    /rules\[0\]\.usres: unknown field; rules\[0\]\.level: must be one of None, .*; omitStages\[0\]: must be one of/,
  );
});
