/** Who asks, behind a host cluster: what kube-system says of certificates, and whose a token is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { openAuthority } from '../../base/certificates/authority.ts';
import { type BehindHost, startBehindHost } from './behind-host.ts';
import { issue } from './injected-server.ts';
import { until } from './whole-server.ts';

const LIST = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';

describe('callers behind a host cluster', () => {
  let t: BehindHost;
  before(async () => {
    t = await startBehindHost('--authentication-token-webhook-cache-ttl=1s');
    await until(
      () => t.as().get('/readyz'),
      ({ status }) => status === 200,
    );
  });
  after(() => t?.stop());

  /** The user that the server took the caller for: it asks about it. */
  const seen = () => t.host.questions.at(-1);
  const proxied = (pair: Awaited<ReturnType<typeof issue>>, headers: Record<string, string>, path = LIST) => {
    const request = t.as(pair).get(path);
    for (const [name, value] of Object.entries(headers)) request.set(name, value);
    return request;
  };

  test('A1, A4: the ConfigMap of kube-system names the authorities of users and of the front proxy', async () => {
    await t.as(await t.user('ann', 'team')).get(LIST);
    assert.deepEqual([seen()?.user, seen()?.groups], ['ann', ['team', 'system:authenticated']]);
    const proxy = await issue(t.proxies, { commonName: 'front-proxy-client' });
    await proxied(proxy, { 'X-Remote-User': 'bob', 'X-Remote-Group': 'crew' });
    assert.deepEqual([seen()?.user, seen()?.groups], ['bob', ['crew', 'system:authenticated']]);
    const other = await issue(t.proxies, { commonName: 'somebody-else' });
    assert.equal((await proxied(other, { 'X-Remote-User': 'bob' })).status, 401);
  });

  test('A1: a rotated ConfigMap counts without a restart, and what is broken in it changes nothing', async () => {
    const next = await openAuthority(`${t.directory}/next`, 'front-proxy-ca');
    const [before, rotated] = [
      await issue(t.proxies, { commonName: 'front-proxy-client' }),
      await issue(next, { commonName: 'renamed' }),
    ];
    const headers = { 'X-Other-User': 'carol' };
    assert.equal((await proxied(rotated, headers)).status, 401);
    t.host.authentication = t.authentication({
      'requestheader-client-ca-file': next.certificate,
      'requestheader-allowed-names': '["renamed"]',
      'requestheader-username-headers': '["X-Other-User"]',
    });
    await until(
      () => proxied(rotated, headers),
      ({ status }) => status === 403,
    );
    assert.equal(seen()?.user, 'carol');
    assert.equal((await proxied(before, { 'X-Remote-User': 'bob' })).status, 401);

    // Each half of it counts by itself: what can be read is used, what cannot leaves that half as it stood.
    const people = await openAuthority(`${t.directory}/people`, 'people');
    const dora = await issue(people, { commonName: 'dora' });
    const broken = { 'requestheader-client-ca-file': 'nonsense', 'client-ca-file': people.certificate };
    t.host.authentication = t.authentication(broken);
    await until(
      () => t.as(dora).get(LIST),
      () => seen()?.user === 'dora',
    );
    assert.equal((await t.as(await t.user('ann')).get(LIST)).status, 401);
    assert.equal((await proxied(rotated, headers)).status, 403);
    t.host.authentication = t.authentication({ 'requestheader-group-headers': 'X-Remote-Group' });
    await until(
      async () => t.as(await t.user('ann')).get(LIST),
      ({ status }) => status === 403,
    );
    assert.equal((await proxied(rotated, headers)).status, 403);
    t.host.authentication = undefined;
    await delay(200);
    assert.equal((await proxied(rotated, headers)).status, 403);
    t.host.authentication = t.authentication();
    await until(
      () => proxied(before, { 'X-Remote-User': 'bob' }),
      ({ status }) => status === 403,
    );
  });

  test('A9: a user id counts only when the ConfigMap lists its header', async () => {
    const proxy = await issue(t.proxies, { commonName: 'front-proxy-client' });
    const headers = { 'X-Remote-User': 'eve', 'X-Remote-Uid': '42' };
    await proxied(proxy, headers);
    assert.deepEqual([seen()?.user, seen()?.uid], ['eve', undefined]);
    t.host.authentication = t.authentication({ 'requestheader-uid-headers': '["X-Remote-Uid"]' });
    await until(
      () => proxied(proxy, headers),
      () => seen()?.uid === '42',
    );
  });

  /** What a server of TLS 1.2 sends in the clear: its certificate, and the names of those whose clients it takes. */
  async function handshake(): Promise<string> {
    const sent: Buffer[] = [];
    const between = createServer((client) => {
      const server = createConnection(t.port, '127.0.0.1');
      client.pipe(server).on('error', () => client.destroy());
      server.on('data', (chunk: Buffer) => sent.push(chunk));
      server.pipe(client).on('error', () => server.destroy());
    });
    between.listen(0, '127.0.0.1');
    await once(between, 'listening');
    const { port } = between.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', ca: t.own.certificate, maxVersion: 'TLSv1.2' });
    await once(socket, 'secureConnect');
    socket.destroy();
    between.close();
    return Buffer.concat(sent).toString('latin1');
  }

  test('A7: the handshake asks for certificates of users and of the front proxy by name, also after a rotation', async () => {
    const names = await handshake();
    for (const name of ['kubernetes', 'front-proxy-ca', 'torpor-ca']) assert.ok(names.includes(name), name);
    assert.ok(!names.includes('other-proxy-ca'));
    const other = await openAuthority(`${t.directory}/other`, 'other-proxy-ca');
    t.host.authentication = t.authentication({ 'requestheader-client-ca-file': other.certificate });
    const rotated = await until(handshake, (text) => text.includes('other-proxy-ca'));
    assert.ok(!rotated.includes('front-proxy-ca'));
    assert.ok(rotated.includes('kubernetes'));
    // Nobody needs one.
    assert.equal((await t.as().get('/livez')).status, 200);
    t.host.authentication = t.authentication();
    await until(handshake, (text) => text.includes('front-proxy-ca'));
  });

  test('A3: a token is asked for once, yes and no are remembered for a while, failures are not', async () => {
    t.host.whose = (token) =>
      token === 'good'
        ? {
            authenticated: true,
            user: {
              username: 'system:serviceaccount:a:b',
              uid: '7',
              groups: ['system:serviceaccounts'],
              extra: { 'k/pod': ['p'] },
            },
          }
        : { authenticated: false, error: 'no such token' };
    const ask = (token: string) => t.as().get(LIST).set('Authorization', `Bearer ${token}`);
    const asked = () => t.host.tokens.length;
    assert.equal((await ask('good')).status, 403);
    assert.deepEqual(
      [seen()?.user, seen()?.uid, seen()?.groups, seen()?.extra],
      ['system:serviceaccount:a:b', '7', ['system:serviceaccounts', 'system:authenticated'], { 'k/pod': ['p'] }],
    );
    await ask('good');
    assert.equal(asked(), 1);
    assert.equal((await ask('bad')).status, 401);
    assert.equal((await ask('bad')).status, 401);
    assert.equal(asked(), 2);
    await until(
      () => ask('good'),
      () => asked() === 3,
    );

    t.host.intercept = (_request, response, path) =>
      path.endsWith('/tokenreviews') ? response.writeHead(403).end('{}') : false;
    assert.equal((await ask('other')).status, 401);
    t.host.intercept = undefined;
    t.host.whose = () => ({ authenticated: true, user: { username: 'other' } });
    assert.equal((await ask('other')).status, 403);
  });

  test('A3: the first way that knows the caller counts, whatever others say of its other credentials', async () => {
    t.host.whose = () => ({ authenticated: false });
    const response = await t
      .as(await t.user('fred'))
      .get(LIST)
      .set('Authorization', 'Bearer bad');
    assert.equal(response.status, 403);
    assert.match(response.body.message, /User "fred" cannot list/);
  });

  test('names of our own parts count with a certificate of our own authority alone', async () => {
    const part = { commonName: 'torpor:launcher:n1', organizations: ['torpor:launchers'] };
    const nodes = '/apis/torpor.dev/v1alpha1/virtualmachines?fieldSelector=status.nodeName%3Dn1';
    assert.equal((await t.as(await issue(t.own, part)).get(nodes)).status, 200);
    assert.equal((await t.as(await issue(t.users, part)).get(nodes)).status, 401);
    const proxy = await issue(t.proxies, { commonName: 'front-proxy-client' });
    const names = { 'X-Remote-User': part.commonName, 'X-Remote-Group': 'torpor:launchers' };
    assert.equal((await proxied(proxy, names, nodes)).status, 401);
    t.host.whose = () => ({ authenticated: true, user: { username: 'torpor:reconcilers' } });
    assert.equal((await t.as().get(LIST).set('Authorization', 'Bearer mine')).status, 401);
  });
});
