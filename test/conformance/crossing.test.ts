/** Nobody becomes somebody else by a header, and nobody reaches another namespace by a path or a body. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { resources } from '../../openapi/client/resources.ts';
import { type BehindHost, startBehindHost } from './behind-host.ts';
import { issue } from './injected-server.ts';
import { machine } from './machines.ts';
import { until } from './whole-server.ts';

const GROUP = '/apis/torpor.dev/v1alpha1';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
}

describe('crossing', () => {
  let t: BehindHost;
  let ann: KeyPair;
  let boss: KeyPair;
  const agents = new Map<KeyPair | undefined, Agent>();
  before(async () => {
    t = await startBehindHost();
    ann = await t.user('ann', 'team');
    boss = await t.user('boss', 'system:masters');
    await until(
      () => t.as().get('/readyz'),
      ({ status }) => status === 200,
    );
  });
  after(async () => {
    for (const agent of agents.values()) agent.destroy();
    await t?.stop();
  });

  /** The bytes as they are: no client library mends them. Undefined where Node itself refuses to send them. */
  async function send(pair: KeyPair | undefined, { method, path, headers, body }: Sent) {
    const tls = { ca: t.own.certificate, ...(pair ? { cert: pair.certificate, key: pair.key } : {}) };
    const agent = agents.get(pair) ?? new Agent({ keepAlive: true, maxSockets: 4, ...tls });
    agents.set(pair, agent);
    const length: [string, string] = ['Content-Length', String(Buffer.byteLength(body ?? ''))];
    const all = [['Host', 'localhost'] as const, length, ...headers].flat();
    const options = { host: '127.0.0.1', port: t.port, method, path, agent, headers: all as never };
    const sent = request(options);
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode ?? 0, text };
  }

  const identities = ['boss', 'system:masters', 'system:admin', 'torpor:reconcilers', 'torpor:launchers', '7', ''];
  const names = [
    'X-Remote-User',
    'x-remote-user',
    'X-REMOTE-GROUP',
    'X-Remote-Uid',
    'X-Remote-Extra-Scopes',
    'X_Remote_User',
    'X-Forwarded-User',
    'X-Forwarded-Client-Cert',
    'Ssl-Client-Cert',
    'X-Ssl-Client-S-Dn',
    'Remote-User',
    'From',
    'Impersonate-User',
    'impersonate-group',
    'Impersonate-Uid',
    'Impersonate-Extra-Scopes',
    'Cookie',
  ];
  const header = fc.tuple(
    fc.constantFrom(...names),
    fc.oneof(fc.constantFrom(...identities), fc.stringMatching(/^[ -~]{0,20}$/)),
  );

  test('A4, A10: whatever headers say, the caller is who its certificate says, and acts for others only with leave', async () => {
    const stranger = await issue(t.own, { commonName: 'mallory' });
    const server = await issue(t.proxies, { commonName: 'front-proxy-client' }, 'server');
    for (const [pair, known] of [
      [undefined, 'system:anonymous'],
      [ann, 'ann'],
      [stranger, 'mallory'],
      [server, undefined],
    ] as const) {
      await fc.assert(
        fc.asyncProperty(fc.array(header, { minLength: 1, maxLength: 6 }), async (headers) => {
          t.host.questions.length = 0;
          const { status } = await send(pair, { method: 'GET', path: `${GROUP}/hosts`, headers });
          assert.ok(known === undefined ? status === 401 : [400, 403].includes(status), `${status}`);
          for (const { user, groups } of t.host.questions) {
            assert.equal(user, known);
            assert.ok(!groups?.some((group) => identities.includes(group)));
          }
        }),
        { numRuns: 60 },
      );
    }
  });

  test('the path and the body reach no other namespace than the one that was asked for', async () => {
    t.host.decide = ({ user, resourceAttributes }) => ({
      allowed: user === 'ann' && resourceAttributes?.namespace === 'a',
    });
    for (const namespace of ['a', 'b']) {
      t.host.put(resources.namespaces, { metadata: { name: namespace } });
      const path = `${GROUP}/namespaces/${namespace}/virtualmachines`;
      assert.equal((await t.as(boss).post(path).send(machine('web'))).status, 201);
    }
    const others = async () => (await t.as(boss).get(`${GROUP}/namespaces/b/virtualmachines`)).body.items;
    const before = await others();
    const piece = fc.constantFrom(
      ...['namespaces', 'a', 'b', 'virtualmachines', 'web', 'status', 'start', 'watch', 'hosts', 'x'],
      ...[
        '..',
        '.',
        '',
        '%2e%2e',
        '%2E',
        '%2f',
        '..%2fb',
        'a%2f..%2fb',
        'a%00',
        'a%2fb',
        'A',
        'a%20',
        '%61',
        '*',
        'b?',
        'a#b',
      ],
    );
    const path = fc.oneof(
      fc.array(piece, { maxLength: 7 }).map((pieces) => `${GROUP}/${pieces.join('/')}`),
      fc.array(piece, { maxLength: 3 }).map((pieces) => `${GROUP}/namespaces/a/virtualmachines/${pieces.join('/')}`),
    );
    const query = fc.constantFrom(
      ...['', '?namespace=b', '?fieldSelector=metadata.namespace%3Db', '?fieldSelector=metadata.name%3D..%2Fb'],
      ...['?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJiL3dlYiJ9', '?limit=1', '?labelSelector=a%3Db'],
    );
    const body = fc.record({
      name: fc.constantFrom('web', 'new', '../b/web', 'b/web', '', 'a%2fb', '..'),
      namespace: fc.constantFrom('a', 'b', '../b', '', null),
      generateName: fc.constantFrom(undefined, '../b/', 'b/'),
      uid: fc.constantFrom(undefined, before[0].metadata.uid),
    });
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD');
    await fc.assert(
      fc.asyncProperty(method, path, query, body, async (verb, url, search, metadata) => {
        const type = verb === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
        const object = machine('x', (m) => {
          m.metadata = metadata;
        });
        const sent = { method: verb, path: `${url}${search}`, headers: [['Content-Type', type]] as const };
        const text = verb === 'GET' || verb === 'HEAD' ? '' : JSON.stringify(object);
        const answer = await send(ann, { ...sent, body: text });
        assert.ok(answer.status < 500 && answer.status !== 301 && answer.status !== 302, `${answer.status}`);
        if (answer.status < 300) assert.doesNotMatch(answer.text, /"namespace":"b"/);
      }),
      { numRuns: 400 },
    );
    assert.deepEqual(await others(), before);
  });
});
