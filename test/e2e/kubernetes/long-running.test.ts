/** What stays open through kube-apiserver: consoles, and very many watches at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { ensureKeyPair, openAuthority } from '../../../base/certificates/authority.ts';
import { authorityFiles, pairFiles } from '../../../hack/kubernetes/certificates.ts';
import type { Host, VirtualMachine } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import { resources } from '../../../openapi/client/resources.ts';
import { adminOf, type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { machine } from './machines.ts';
import { asAdmin, linesOf, machinesPath, type Requester } from './requests.ts';

const namespace = 'long-running';
const node = 'long-running-node';
/** kube-apiserver gives up ordinary requests after a minute. */
const LONGER_THAN_A_REQUEST_MS = 63_000;

let cluster: Cluster;
let client: Client;
let admin: Requester;
let agent: Agent | undefined;
let directory: string;
const open: WebSocket[] = [];

before(async () => {
  cluster = await clusterUp();
  client = await adminOf(cluster);
  admin = await asAdmin(cluster);
  // Nobody may take the machines off a node that only the test knows.
  await cluster.stop('torpor-reconcilers');
  directory = await mkdtemp(join(tmpdir(), 'torpor-agent-'));
  agent = await startAgent();
  await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const host = { apiVersion: 'torpor.dev/v1alpha1', kind: 'Host', metadata: { name: node } };
  await client.create(resources.hosts, host as Host);
  const room = { cpu: '4', memory: '4Gi' };
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: 'ready', lastTransitionTime: now };
  const status = { capacity: room, allocatable: room, conditions: [ready], agent: { endpoint: agent.endpoint } };
  await client.patch(resources.hosts, { name: node }, { status }, { subresource: 'status' });
  for (const name of ['running', 'waiting']) {
    await client.create(
      resources.virtualMachines,
      machine(name, { metadata: { namespace } }) as unknown as VirtualMachine,
    );
  }
  const running = { namespace, name: 'running' };
  const binding = { apiVersion: 'torpor.dev/v1alpha1', kind: 'Binding', target: { name: node } };
  await client.action(resources.virtualMachines, running, 'binding', binding);
  await client.patch(resources.virtualMachines, running, { status: { phase: 'Running' } }, { subresource: 'status' });
});
after(async () => {
  for (const socket of open) socket.terminate();
  agent?.close();
  for (const name of ['running', 'waiting']) {
    await client.delete(resources.virtualMachines, { namespace, name });
    await client.patch(resources.virtualMachines, { namespace, name }, { metadata: { finalizers: null } });
  }
  await client.delete(resources.hosts, { name: node });
  await client.delete(resources.namespaces, { name: namespace });
  await cluster.start('torpor-reconcilers');
  client.close();
  admin.close();
  await rm(directory, { recursive: true, force: true });
});

interface Agent {
  readonly endpoint: string;
  close(): void;
}

/** In the place of a node's agent: it greets, says everything back, and hangs up when it is told "bye". */
async function startAgent(): Promise<Agent> {
  const authority = await openAuthority(cluster.home.torpor.pki, 'torpor-ca');
  const subject = { commonName: `torpor:launcher:${node}`, organizations: ['torpor:launchers'] };
  const pair = await ensureKeyPair(
    directory,
    'agent',
    { subject, usages: ['server'], names: ['127.0.0.1'], days: 1 },
    authority,
  );
  const server = createServer({ cert: pair.certificate, key: pair.key, ca: authority.certificate, requestCert: true });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.send('first words');
      ws.on('message', (data, binary) =>
        String(data) === 'bye' ? ws.close(4001, 'as asked') : ws.send(data, { binary }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function dial(name: string, protocols: string[] = [], headers = {}): Promise<WebSocket> {
  const { cert, key } = pairFiles(cluster.home, 'admin');
  const [ca, certificate, privateKey] = await Promise.all(
    [authorityFiles(cluster.home).cert, cert, key].map((file) => readFile(file)),
  );
  const url = `${cluster.server.replace('https', 'wss')}${machinesPath(namespace, name, 'console')}`;
  const socket = new WebSocket(url, protocols, {
    ca,
    cert: certificate,
    key: privateKey,
    headers,
    perMessageDeflate: false,
  });
  open.push(socket);
  return socket;
}

/** The HTTP answer to an upgrade that is refused. */
async function refused(name: string, headers = {}): Promise<{ code: number; text: string }> {
  const socket = await dial(name, [], headers);
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { code: response.statusCode ?? 0, text };
}

let lasting: WebSocket;
let openedAt = 0;

test('U4, U5: a console passes kube-apiserver: both ways, byte for byte, with its protocol and the reason of its end', async () => {
  lasting = await dial('running', ['plain.torpor.dev', 'other.torpor.dev']);
  const [greeting] = await once(lasting, 'message');
  openedAt = performance.now();
  assert.equal(String(greeting), 'first words');
  const other = await dial('running');
  await once(other, 'message');
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
  other.send(bytes);
  const [echo] = await once(other, 'message');
  assert.ok(bytes.equals(echo as Buffer));
  other.send('bye');
  const [code, reason] = await once(other, 'close');
  assert.deepEqual([code, String(reason)], [4001, 'as asked']);
});

test('U4: what is refused is refused in words, on the other side of kube-apiserver too', async () => {
  const waiting = await refused('waiting');
  assert.equal(waiting.code, 409, waiting.text);
  assert.match(JSON.parse(waiting.text).message, /is not running/);
  assert.equal((await refused('nothing')).code, 404);
  const stranger = await refused('running', { 'Impersonate-User': 'stranger' });
  assert.equal(stranger.code, 403);
  assert.match(JSON.parse(stranger.text).message, /User "stranger" cannot get resource "virtualmachines\/console"/);
});

test('500 watches at once: each is told of every change, once and in order', async () => {
  const path = `${machinesPath(namespace)}?watch=1&resourceVersion=`;
  const { metadata } = await client.list(resources.virtualMachines, { namespace });
  const watches: { readonly answer: IncomingMessage; readonly seen: string[] }[] = [];
  while (watches.length < 500) {
    const more = Array.from({ length: 50 }, async () => {
      const answer = await admin.open(`${path}${metadata.resourceVersion}`);
      assert.equal(answer.statusCode, 200);
      const seen: string[] = [];
      watches.push({ answer, seen });
      void (async () => {
        for await (const { type, object } of linesOf<{ type: string; object: VirtualMachine }>(answer))
          if (type !== 'BOOKMARK') seen.push(`${type} ${object.metadata.name} ${object.metadata.labels?.round ?? ''}`);
      })().catch(() => {});
    });
    await Promise.all(more);
  }
  const wanted: string[] = [];
  for (const round of ['1', '2', '3']) {
    await client.patch(resources.virtualMachines, { namespace, name: 'waiting' }, { metadata: { labels: { round } } });
    wanted.push(`MODIFIED waiting ${round}`);
  }
  const complete = () => watches.filter(({ seen }) => seen.length >= wanted.length).length;
  await until('all have seen all', async () => (complete() === watches.length ? true : undefined)).catch(
    (error: Error) => assert.fail(`${error.message}: ${complete()} of ${watches.length}`),
  );
  for (const { seen } of watches) assert.deepEqual(seen, wanted);
  for (const { answer } of watches) answer.destroy();
});

test('D5: a console outlives the longest time of an ordinary request', async () => {
  await sleep(Math.max(0, openedAt + LONGER_THAN_A_REQUEST_MS - performance.now()));
  assert.equal(lasting.readyState, WebSocket.OPEN);
  assert.equal(lasting.protocol, 'plain.torpor.dev');
  lasting.send('still there');
  const [echo] = await once(lasting, 'message');
  assert.equal(String(echo), 'still there');
});
