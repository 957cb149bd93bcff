/** Upgrades: access before anything else, live values, and the tunnel to a node's agent (U4 to U6, T27). */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createAgent, request, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import type { ResourceDefinition } from '../../apiserver/registry/resource.ts';
import { createAgentTunnel } from '../../apiserver/streams/agent-tunnel.ts';
import { createLiveReceiver } from '../../apiserver/streams/live.ts';
import { LiveValues } from '../../apiserver/streams/live-values.ts';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { createLogger } from '../../base/log.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { definition, type InjectedServer, issue, startInjected } from './injected-server.ts';

let directory: string;
let api: InjectedServer;
let agent: Server;
let endpoint = '';
let admin: KeyPair;
let reader: KeyPair;
let launcher: KeyPair;
const live = new LiveValues();
const asked: { url: string; headers: Record<string, unknown>; peer: string }[] = [];
const machines = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';

const objects: Record<string, KubernetesObject> = {};
const machine = (name: string, status: object) => {
  objects[`virtualmachines/${name}`] = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'a', uid: `uid-${name}` },
    status,
  };
};

function resources(
  tunnel: ReturnType<typeof createAgentTunnel>,
  receive: ReturnType<typeof createLiveReceiver>,
): ResourceDefinition[] {
  return [
    definition({
      kind: 'VirtualMachine',
      plural: 'virtualmachines',
      subresources: [
        { kind: 'stream', name: 'console', connect: (object, context) => tunnel(object as never, 'console', context) },
        {
          kind: 'stream',
          name: 'portforward',
          connect: (object, context) => tunnel(object as never, 'portforward', context),
        },
      ],
    }),
    definition({
      kind: 'Host',
      plural: 'hosts',
      namespaced: false,
      subresources: [{ kind: 'stream', name: 'live', connect: receive }],
    }),
  ];
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  const hosts: Record<string, string> = {};
  const tunnel = createAgentTunnel({
    credentials: () => ({ client, authority: api.authority.certificate }),
    host: async (node) =>
      node === 'lost' ? undefined : ({ status: { agent: { endpoint: hosts[node] ?? endpoint } } } as never),
    openMs: 1_000,
  });
  const receive = createLiveReceiver({
    values: live,
    logger: createLogger('test', { level: 'fatal' }),
    silenceMs: 400,
  });
  const defined = resources(tunnel, receive);
  api = await startInjected(directory, {
    resources: defined,
    limits: { drainMs: 300, requestTimeoutMs: 1_500 },
    streamOf: async ({ info }) => {
      const stream = defined
        .find(({ plural }) => plural === info.resource)
        ?.subresources.find(({ name }) => name === info.subresource);
      if (stream?.kind !== 'stream') return undefined;
      const object = objects[`${info.resource}/${info.name}`];
      if (object === undefined) throw errors.notFound({ group: 'torpor.dev', plural: info.resource }, info.name);
      return (context) => stream.connect(object, context);
    },
    rules: {
      clusterRole: (name) =>
        name === 'reader'
          ? { metadata: {}, rules: [{ verbs: ['get'], apiGroups: ['torpor.dev'], resources: ['*'] }] }
          : {
              metadata: {},
              rules: [{ verbs: ['get', 'create'], apiGroups: ['torpor.dev'], resources: ['hosts/live'] }],
            },
      role: () => undefined,
      clusterRoleBindings: () => [
        {
          metadata: { name: 'reader' },
          roleRef: { kind: 'ClusterRole', name: 'reader' },
          subjects: [{ kind: 'User', name: 'reader' }],
        },
        {
          metadata: { name: 'live' },
          roleRef: { kind: 'ClusterRole', name: 'live' },
          subjects: [{ kind: 'Group', name: 'torpor:launchers' }],
        },
      ],
      roleBindings: () => [],
    },
  });
  const client = await issue(api.authority, { commonName: 'torpor:apiserver' });
  admin = await issue(api.authority, { commonName: 'admin', organizations: ['system:masters'] });
  reader = await issue(api.authority, { commonName: 'reader' });
  launcher = await issue(api.authority, { commonName: 'torpor:launcher:n1', organizations: ['torpor:launchers'] });
  machine('running', { phase: 'Running', nodeName: 'n1' });
  machine('stopped', { phase: 'Stopped' });
  machine('elsewhere', { phase: 'Running', nodeName: 'n2' });
  machine('lost', { phase: 'Running', nodeName: 'lost' });
  objects['hosts/n1'] = { apiVersion: 'torpor.dev/v1alpha1', kind: 'Host', metadata: { name: 'n1' } };
  objects['hosts/n2'] = { apiVersion: 'torpor.dev/v1alpha1', kind: 'Host', metadata: { name: 'n2' } };
  agent = await startAgent();
  endpoint = `127.0.0.1:${(agent.address() as AddressInfo).port}`;
});
after(async () => {
  await api.server.stop();
  agent.closeAllConnections();
  agent.close();
  await rm(directory, { recursive: true, force: true });
});

/** An agent of node n1: echoes what it gets; refuses a machine whose port is 81. */
async function startAgent(): Promise<Server> {
  const pair = await issue(
    api.authority,
    { commonName: 'torpor:launcher:n1', organizations: ['torpor:launchers'] },
    'server',
  );
  const server = createAgent({
    cert: pair.certificate,
    key: pair.key,
    ca: api.authority.certificate,
    requestCert: true,
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols][0] ?? false });
  server.on('upgrade', (req, socket: Socket, head) => {
    asked.push({
      url: req.url ?? '',
      headers: req.headers,
      peer: String((socket as TLSSocket).getPeerCertificate().subject.CN),
    });
    if (req.url?.includes('/81')) {
      const status = {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'nothing listens on port 81',
        reason: 'NotFound',
        code: 404,
      };
      const body = JSON.stringify(status);
      socket.end(
        `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      return;
    }
    sockets.handleUpgrade(req, socket, head, (ws) => {
      ws.send('first words');
      ws.on('message', (data, binary) => {
        if (String(data) === 'bye') ws.close(4001, 'as asked');
        else if (String(data) === 'ping me') ws.ping('there?');
        else ws.send(data, { binary });
      });
      ws.on('pong', (data) => ws.send(`you are ${data}`));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const tlsOf = (pair: KeyPair | undefined) => ({
  ca: api.authority.certificate,
  ...(pair ? { cert: pair.certificate, key: pair.key } : {}),
});

function dial(path: string, pair: KeyPair | undefined, protocols: string[] = [], headers = {}): WebSocket {
  return new WebSocket(`${api.url.replace('https', 'wss')}${path}`, protocols, {
    ...tlsOf(pair),
    headers,
    perMessageDeflate: false,
  });
}

/** The HTTP answer to an upgrade that is refused. */
function refused(
  path: string,
  pair: KeyPair | undefined,
  protocols: string[] = [],
): Promise<{ code: number; body: { message: string; reason: string } }> {
  return new Promise((resolve, reject) => {
    const ws = dial(path, pair, protocols);
    ws.on('open', () => {
      ws.terminate();
      reject(new Error('the upgrade was accepted'));
    });
    ws.on('error', () => {});
    ws.on('unexpected-response', (_req, res) => {
      // The connection ends with the answer, and who keeps connections must know.
      if (res.headers.connection !== 'close') reject(new Error(`Connection: ${res.headers.connection}`));
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      res.on('end', () => resolve({ code: res.statusCode ?? 0, body: JSON.parse(text) }));
    });
  });
}

test('U6, A19: an upgrade goes the same way as every request, and needs create as well as get', async () => {
  const anonymous = await refused(`${machines}/running/console`, undefined);
  assert.equal(anonymous.code, 403);
  assert.match(anonymous.body.message, /User "system:anonymous" cannot get resource "virtualmachines\/console"/);
  const denied = await refused(`${machines}/running/console`, reader);
  assert.equal(denied.code, 403);
  assert.match(
    denied.body.message,
    /User "reader" cannot create resource "virtualmachines\/console" in API group "torpor.dev" in the namespace "a"/,
  );
  assert.equal(
    (await refused(`${machines}/running/console`, undefined, ['base64url.bearer.authorization.k8s.io.YmFk'])).code,
    401,
  );
  assert.deepEqual(asked, []);
});

test('A19, W15: a watch over a WebSocket is allowed to those who may watch, and to nobody else', async () => {
  const denied = await refused(`${machines}?watch=true`, reader);
  assert.equal(denied.code, 403);
  assert.match(denied.body.message, /User "reader" cannot watch resource "virtualmachines"/);
  assert.equal((await refused(`${machines}?watch=true`, undefined)).code, 403);
  const badToken = ['base64url.bearer.authorization.k8s.io.YmFk'];
  assert.equal((await refused(`${machines}?watch=true`, undefined, badToken)).code, 401);
});

test('what is not there or not running is said before any switch', async () => {
  assert.equal((await refused(`${machines}/nothing/console`, admin)).code, 404);
  const stopped = await refused(`${machines}/stopped/console`, admin);
  assert.equal(stopped.code, 409);
  assert.match(stopped.body.message, /the machine is not running \(its phase is Stopped\)/);
  const lost = await refused(`${machines}/lost/console`, admin);
  assert.equal(lost.code, 503);
  assert.match(lost.body.message, /host "lost" has not said where its agent listens/);
});

test('an agent that is another node’s is not talked to (G2)', async () => {
  const { code, body } = await refused(`${machines}/elsewhere/console`, admin);
  assert.equal(code, 503);
  assert.match(body.message, /its certificate is that of "torpor:launcher:n1" and not of the launcher of "n2"/);
  assert.deepEqual(asked, []);
});

test('what the agent refuses reaches the client as the agent said it (G1)', async () => {
  const { code, body } = await refused(`${machines}/running/portforward/81`, admin);
  assert.deepEqual([code, body.message], [404, 'nothing listens on port 81']);
  assert.equal(asked.pop()?.url, '/machines/a/running/uid-running/portforward/81');
});

test('an agent that cannot be reached, or does not answer, is 503 (G1)', async () => {
  const real = endpoint;
  endpoint = '127.0.0.1:1';
  const { code, body } = await refused(`${machines}/running/console`, admin);
  assert.equal(code, 503);
  assert.match(body.message, /the agent of host "n1" at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/);
  endpoint = real;
});

test('bytes go both ways untouched, protocols are the agent’s choice, credentials stay here (G3 to G5)', async () => {
  const token = 'base64url.bearer.authorization.k8s.io.Z29vZA';
  const ws = dial(`${machines}/running/console?take=true`, undefined, ['plain.kubevirt.io', token], {
    cookie: 'secret',
    'x-remote-user': 'x',
  });
  const messages: Buffer[] = [];
  const first = new Promise((resolve) => ws.once('message', resolve));
  ws.on('message', (data: Buffer) => messages.push(data));
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
  await first;
  assert.equal(ws.protocol, 'plain.kubevirt.io');
  const large = Buffer.alloc(4 * 1024 * 1024, 7);
  ws.send(large);
  ws.send('hello');
  while (messages.length < 3) await delay(10);
  assert.deepEqual(
    messages.map((message) => message.length),
    [11, large.length, 5],
  );
  const closed = new Promise<number>((resolve) => ws.once('close', resolve));
  ws.send('bye');
  assert.equal(await closed, 4001);
  const seen = asked.pop();
  assert.equal(seen?.url, '/machines/a/running/uid-running/console?take=true');
  assert.equal(seen?.peer, 'torpor:apiserver');
  assert.equal(seen?.headers['sec-websocket-protocol'], 'plain.kubevirt.io');
  for (const name of ['cookie', 'authorization', 'x-remote-user']) assert.equal(seen?.headers[name], undefined, name);
});

test('when the client goes, the agent’s side ends too (G4)', async () => {
  const ws = dial(`${machines}/running/console`, admin);
  await new Promise((resolve) => ws.once('open', resolve));
  const gone = new Promise<void>((resolve) => {
    const look = () => agent.getConnections((_error, count) => (count === 0 ? resolve() : setTimeout(look, 20)));
    look();
  });
  ws.terminate();
  await gone;
});

test('U10: an idle stream outlives the time of a request; pings go through it, and TCP asks by itself', async () => {
  const ws = dial(`${machines}/running/console`, admin);
  const messages: string[] = [];
  ws.on('message', (data: Buffer) => messages.push(String(data)));
  await new Promise((resolve) => ws.once('open', resolve));
  await delay(2_000);
  assert.equal(ws.readyState, WebSocket.OPEN);
  ws.send('ping me');
  while (messages.length < 2) await delay(10);
  assert.deepEqual(messages, ['first words', 'you are there?']);
  // "02:" in the column "tr tm->when" is a running timer for keep-alive.
  const port = api.port.toString(16).toUpperCase().padStart(4, '0');
  const own = new RegExp(`^\\s*\\d+: 0100007F:${port} \\S+ 01 .* 02:[0-9A-F]{8} `, 'm');
  // While bytes are on their way another timer runs.
  for (let attempt = 0; !own.test(await readFile('/proc/net/tcp', 'utf8')); attempt += 1) {
    assert.ok(attempt < 250, 'no connection of the server is asked after');
    await delay(20);
  }
  ws.terminate();
});

test('an upgrade that names no stream is an ordinary request; one with a body is refused', async () => {
  const send = (method: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'h2c' };
      request(`${api.url}${machines}`, { ...tlsOf(admin), method, headers }, (res) => {
        assert.equal(res.headers.connection, 'close');
        resolve(res.resume().statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  assert.equal(await send('GET'), 200);
  assert.equal(await send('POST'), 400);
});

/** Opens hosts/<node>/live; resolves with the connection, or rejects with the code. */
function openLive(node: string, pair: KeyPair, protocol = 'torpor-live'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: protocol };
    const sent = request(`${api.url}/apis/torpor.dev/v1alpha1/hosts/${node}/live`, { ...tlsOf(pair), headers });
    sent.on('upgrade', (_res, socket: Socket) => resolve(socket));
    sent.on('response', (res) => reject(new Error(String(res.resume().statusCode))));
    sent.on('error', reject).end();
  });
}

test('only the launcher of the node itself may send its values (R1)', async () => {
  await assert.rejects(openLive('n2', launcher), /403/);
  await assert.rejects(openLive('n1', admin), /403/);
  await assert.rejects(openLive('n1', launcher, 'websocket'), /400/);
});

test('values come, go, and end with the stream (R5)', async () => {
  const object = structuredClone(objects['virtualmachines/running']) as KubernetesObject;
  const merged = () => {
    live.mergeMachine(object);
    return (object.status as { live: unknown }).live;
  };
  assert.equal(merged(), null);
  const socket = await openLive('n1', launcher);
  const lines: string[] = [];
  socket.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
  socket.write(
    '{"machines":{"uid-running":{"stage":"PullingImage","message":"3 of 9 MiB","since":"2026-01-01T00:00:00Z","other":1}}}\n{"pi',
  );
  socket.write('ng":7}\n');
  while (lines.length === 0) await delay(5);
  assert.deepEqual(lines, ['{"pong":7}']);
  assert.deepEqual(merged(), { stage: 'PullingImage', message: '3 of 9 MiB', since: '2026-01-01T00:00:00Z' });
  assert.equal(live.ofHost('n1')?.machines, 1);
  assert.equal(live.ofMachine('n2', 'uid-running'), null, 'of another node nothing is known');
  socket.write('{"machines":{"uid-running":null}}\n{"ping":8}\n');
  while (lines.length < 2) await delay(5);
  assert.deepEqual(merged(), {});
  socket.destroy();
  while (live.isConnected('n1')) await delay(5);
  assert.equal(merged(), null);
});

test('wrong lines, endless lines and silence end the stream, with a reason (R2 to R4)', async () => {
  const lastLine = async (send: (socket: Socket) => void) => {
    const socket = await openLive('n1', launcher);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {});
    send(socket);
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  };
  assert.match(await lastLine((socket) => socket.write('nonsense\n')), /a line is not JSON/);
  assert.match(await lastLine((socket) => socket.write('{"machines":{"../x":{}}}\n')), /is no UID/);
  assert.match(await lastLine((socket) => socket.write('x'.repeat(1024 * 1024 + 1))), /longer than 1048576 bytes/);
  assert.match(await lastLine(() => {}), /nothing was heard for 400 ms/);
});

test('when the server stops, open streams end', async () => {
  const ws = dial(`${machines}/running/console`, admin);
  await new Promise((resolve) => ws.once('open', resolve));
  const closed = new Promise((resolve) => ws.once('close', resolve));
  await api.server.stop();
  await closed;
});
