/** May they, behind a host cluster: what is asked of it (SubjectAccessReview), and what its answers come to. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { KeyPair } from '../../base/certificates/authority.ts';
import type { SubjectAccessReviewSpec } from '../../openapi/api.ts';
import { resources } from '../../openapi/client/resources.ts';
import { type BehindHost, startBehindHost } from './behind-host.ts';
import { issue } from './injected-server.ts';
import { machine } from './machines.ts';
import { until } from './whole-server.ts';

const GROUP = '/apis/torpor.dev/v1alpha1';
const MACHINES = `${GROUP}/namespaces/a/virtualmachines`;

describe('rights behind a host cluster', () => {
  let t: BehindHost;
  let ann: KeyPair;
  before(async () => {
    t = await startBehindHost(
      '--authorization-webhook-cache-authorized-ttl=1s',
      '--authorization-webhook-cache-unauthorized-ttl=1s',
      '--authorization-always-allow-paths=/healthz,/livez,/readyz,/livez/*',
    );
    ann = await t.user('ann', 'team');
    await until(
      () => t.as().get('/readyz'),
      ({ status }) => status === 200,
    );
  });
  after(() => t?.stop());
  beforeEach(() => {
    t.host.decide = () => ({ allowed: false });
    t.host.intercept = undefined;
    t.host.questions.length = 0;
  });

  test('A15: administrators and health checks are let in without a question; all else is asked', async () => {
    const boss = await t.user('boss', 'system:masters');
    assert.equal((await t.as(boss).get(MACHINES)).status, 200);
    for (const path of ['/healthz', '/livez', '/readyz', '/livez/ping']) {
      assert.equal((await t.as().get(path)).status, 200, path);
    }
    assert.deepEqual(t.host.questions, []);
    assert.equal((await t.as().get('/readyz/ping')).status, 403);
    assert.deepEqual(t.host.questions.splice(0), [
      {
        user: 'system:anonymous',
        groups: ['system:unauthenticated'],
        nonResourceAttributes: { path: '/readyz/ping', verb: 'get' },
      },
    ]);
    t.host.decide = () => ({ allowed: true });
    assert.equal((await t.as(ann).get(`${GROUP}/hosts`)).status, 200);
    assert.equal(t.host.questions.length, 1);
  });

  test('A16: the question says what is asked for, by verb, place, name and selectors', async () => {
    const resource = { group: 'torpor.dev', version: 'v1alpha1', resource: 'virtualmachines', subresource: '' };
    const machines = { ...resource, namespace: 'a', name: '' };
    const one = { ...machines, name: 'web' };
    const selected = (path: string, value: string) => ({
      fieldSelector: { requirements: [{ key: path, operator: 'In', values: [value] }] },
    });
    const cases: [method: string, url: string, wanted: object][] = [
      ['GET', MACHINES, { ...machines, verb: 'list' }],
      ['GET', `${MACHINES}?watch=true`, { ...machines, verb: 'watch' }],
      ['GET', `${GROUP}/watch/namespaces/a/virtualmachines`, { ...machines, verb: 'watch' }],
      ['GET', `${GROUP}/virtualmachines`, { ...machines, namespace: '', verb: 'list' }],
      ['GET', `${MACHINES}/web`, { ...one, verb: 'get' }],
      ['HEAD', `${MACHINES}/web?x=head`, { ...one, verb: 'get' }],
      ['POST', MACHINES, { ...machines, verb: 'create' }],
      ['PUT', `${MACHINES}/web`, { ...one, verb: 'update' }],
      ['PATCH', `${MACHINES}/web`, { ...one, verb: 'patch' }],
      ['DELETE', `${MACHINES}/web`, { ...one, verb: 'delete' }],
      ['DELETE', MACHINES, { ...machines, verb: 'deletecollection' }],
      ['PUT', `${MACHINES}/web/status`, { ...one, subresource: 'status', verb: 'update' }],
      ['POST', `${MACHINES}/web/start`, { ...one, subresource: 'start', verb: 'create' }],
      ['GET', `${GROUP}/hosts/n1`, { ...one, resource: 'hosts', namespace: '', name: 'n1', verb: 'get' }],
      [
        'GET',
        `${MACHINES}?fieldSelector=metadata.name%3Dweb`,
        { ...one, verb: 'list', ...selected('metadata.name', 'web') },
      ],
      [
        'GET',
        `${MACHINES}?watch=1&fieldSelector=status.nodeName!%3Dn1&labelSelector=app%20in%20(b,a),!old`,
        {
          ...machines,
          verb: 'watch',
          fieldSelector: { requirements: [{ key: 'status.nodeName', operator: 'NotIn', values: ['n1'] }] },
          labelSelector: {
            requirements: [
              { key: 'app', operator: 'In', values: ['a', 'b'] },
              { key: 'old', operator: 'DoesNotExist' },
            ],
          },
        },
      ],
      ['GET', `${MACHINES}?labelSelector=(((`, { ...machines, verb: 'list' }],
    ];
    const sorted = (spec: SubjectAccessReviewSpec | undefined) => {
      for (const { values } of spec?.resourceAttributes?.labelSelector?.requirements ?? []) values?.sort();
      return spec?.resourceAttributes;
    };
    // Every question is another one for the cache.
    for (const [index, [method, url, wanted]] of cases.entries()) {
      const user = await t.user(`user-${index}`);
      const { status } = await ask(t, user, method, url);
      assert.equal(status, 403, `${method} ${url}`);
      const [asked, ...more] = t.host.questions.splice(0);
      assert.deepEqual(more, []);
      assert.deepEqual(sorted(asked), wanted, `${method} ${url}`);
      assert.equal(asked?.nonResourceAttributes, undefined);
    }
  });

  test('A16: what is no resource is a path with the method as it is', async () => {
    for (const [method, path] of [
      ['GET', '/apis'],
      ['GET', '/apis/torpor.dev'],
      ['GET', GROUP],
      ['GET', '/openapi/v3'],
      ['GET', '/version'],
      ['GET', '/metrics'],
      ['POST', '/nowhere'],
      ['PUT', '/apis'],
    ] as const) {
      const { status, body } = await ask(t, ann, method, path);
      assert.equal(status, 403);
      const [asked] = t.host.questions.splice(0);
      assert.deepEqual(asked?.nonResourceAttributes, { path, verb: method.toLowerCase() });
      assert.equal(asked?.resourceAttributes, undefined);
      assert.equal(JSON.parse(body).message, `forbidden: User "ann" cannot ${method.toLowerCase()} path "${path}"`);
    }
  });

  test('A17: yes and no are remembered for their time, by the whole question', async () => {
    t.host.decide = ({ resourceAttributes }) => ({ allowed: resourceAttributes?.verb === 'list' });
    const count = () => t.host.questions.length;
    const started = performance.now();
    for (let more = 0; more < 3; more += 1) {
      assert.equal((await t.as(ann).get(MACHINES)).status, 200);
      assert.equal((await t.as(ann).get(`${MACHINES}/web`)).status, 403);
    }
    // On a machine that is slow enough, their time is over meanwhile.
    if (performance.now() - started < 1_000) assert.equal(count(), 2);
    const before = count();
    await t.as(await t.user('ann', 'another')).get(MACHINES);
    assert.equal(count(), before + 1);
    t.host.decide = ({ resourceAttributes }) => ({ allowed: resourceAttributes?.verb === 'get' });
    await until(
      () => t.as(ann).get(MACHINES),
      ({ status }) => status === 403,
    );
    await until(
      () => t.as(ann).get(`${MACHINES}/web`),
      ({ status }) => status === 404,
    );
  });

  test('A17: a cluster that fails is asked again; when it goes on failing that is 500 in plain text and no no', async () => {
    t.host.decide = () => ({ allowed: true });
    let failures = 0;
    t.host.intercept = (_request, response) => {
      failures += 1;
      if (failures > 2) return false;
      return response.writeHead(500).end('{}');
    };
    assert.equal((await t.as(ann).get(`${GROUP}/hosts/passing`)).status, 404);
    assert.equal(failures, 3);

    t.host.intercept = (_request, response) => response.destroy();
    const url = `${GROUP}/hosts/lasting?pretty=false`;
    const failed = await t.as(ann).get(url);
    assert.equal(failed.status, 500);
    assert.match(failed.headers['content-type'] ?? '', /^text\/plain/);
    assert.ok(failed.text.startsWith(`Internal Server Error: "${url}": `), failed.text);
    assert.equal(failed.headers['x-content-type-options'], 'nosniff');
    // Administrators and our own parts get on without it.
    assert.equal((await t.as(await t.user('boss', 'system:masters')).get(MACHINES)).status, 200);
    t.host.intercept = undefined;
    assert.equal((await t.as(ann).get(url)).status, 404);
  });

  test('E10: a refusal names user, verb, resource, group and place, and the reason of the cluster', async () => {
    t.host.decide = () => ({ allowed: false, reason: 'because <b>' });
    const { body, status, headers } = await t.as(ann).get(`${MACHINES}/web/guestinfo`);
    assert.equal(status, 403);
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'Forbidden',
      message:
        'virtualmachines.torpor.dev "web" is forbidden: User "ann" cannot get resource "virtualmachines/guestinfo" in API group "torpor.dev" in the namespace "a": because &lt;b&gt;',
      details: { name: 'web', group: 'torpor.dev', kind: 'virtualmachines' },
      code: 403,
    });
    assert.equal(headers['x-content-type-options'], 'nosniff');
    const cluster = await t.as(ann).get(`${GROUP}/hosts`);
    assert.match(cluster.body.message, /^hosts\.torpor\.dev is forbidden: .* at the cluster scope: because/);
    assert.deepEqual(cluster.body.details, { group: 'torpor.dev', kind: 'hosts' });
  });

  test('A19: to open a stream takes the right to create it besides the one to get it', async () => {
    t.host.decide = ({ resourceAttributes }) => ({ allowed: resourceAttributes?.verb === 'get' });
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    const upgrade = { ...headers, 'sec-websocket-key': Buffer.alloc(16).toString('base64') };
    const reader = await ask(t, ann, 'GET', `${MACHINES}/web/console`, upgrade);
    assert.equal(reader.status, 403);
    assert.match(JSON.parse(reader.body).message, /cannot create resource "virtualmachines\/console"/);
    assert.deepEqual(
      t.host.questions.map(({ resourceAttributes }) => [resourceAttributes?.verb, resourceAttributes?.subresource]),
      [
        ['get', 'console'],
        ['create', 'console'],
      ],
    );
    t.host.decide = () => ({ allowed: true });
    const writer = await until(
      () => ask(t, ann, 'GET', `${MACHINES}/web/console`, upgrade),
      ({ status }) => status !== 403,
    );
    assert.equal(writer.status, 404);
  });

  test('A18: an apply that makes an object takes the right to create it; a PUT makes nothing', async () => {
    const allowed = new Set(['patch', 'update', 'get']);
    t.host.decide = ({ resourceAttributes }) => ({ allowed: allowed.has(resourceAttributes?.verb ?? '') });
    t.host.put(resources.namespaces, { metadata: { name: 'a' } });
    const path = `${MACHINES}/applied`;
    const apply = async (user: KeyPair) => {
      const type = 'application/apply-patch+yaml';
      return t
        .as(user)
        .patch(`${path}?fieldManager=suite`)
        .set('Content-Type', type)
        .send(JSON.stringify(machine('applied')));
    };
    const refused = await apply(ann);
    assert.equal(refused.status, 403);
    assert.match(refused.body.message, /User "ann" cannot create resource "virtualmachines"/);
    const put = await t.as(ann).put(path).send(machine('applied'));
    assert.equal(put.status, 404);
    allowed.add('create');
    const bob = await t.user('bob');
    assert.equal((await t.as(bob).put(path).send(machine('applied'))).status, 404);
    assert.equal((await apply(bob)).status, 201);
    // To apply to what is there is a patch and nothing else.
    assert.equal((await apply(ann)).status, 200);
  });

  test('our own parts have their rights from us, also while the cluster is away', async () => {
    t.host.intercept = (_request, response) => response.destroy();
    const reconcilers = await issue(t.own, { commonName: 'torpor:reconcilers', organizations: ['torpor:components'] });
    assert.equal((await t.as(reconcilers).get(`${GROUP}/virtualmachines`)).status, 200);
    const launcher = await issue(t.own, { commonName: 'torpor:launcher:n1', organizations: ['torpor:launchers'] });
    assert.equal((await t.as(launcher).get(`${GROUP}/virtualmachines?fieldSelector=status.nodeName%3Dn1`)).status, 200);
    assert.deepEqual(t.host.questions, []);
  });

  test('kinds that the cluster serves itself are not served here', async () => {
    const boss = await t.user('boss', 'system:masters');
    for (const path of ['/api/v1/namespaces/a/secrets', '/api/v1/namespaces', '/apis/coordination.k8s.io/v1/leases']) {
      const response = await t.as(boss).get(path);
      assert.equal(response.status, 404, path);
      assert.equal(response.text, '404 page not found\n');
    }
    const groups = await t.as(boss).get('/apis');
    assert.deepEqual(
      groups.body.groups.map(({ name }: { name: string }) => name),
      ['torpor.dev'],
    );
  });
});

/** Any method, with an upgrade too; supertest knows neither. */
async function ask(t: BehindHost, pair: KeyPair, method: string, path: string, headers: Record<string, string> = {}) {
  const tls = { ca: t.own.certificate, cert: pair.certificate, key: pair.key };
  const sent = request(`https://127.0.0.1:${t.port}${path}`, { method, headers, agent: false, ...tls });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode ?? 0, body };
}
