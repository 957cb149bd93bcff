import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import { type Authority, ensureKeyPair, type KeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { openSerialHub, type SerialHub } from './serial-hub.ts';
import { type ConsoleServer, startConsoleServer } from './server.ts';

let directory: string;
let authority: Authority;
let agent: KeyPair;
let apiServer: KeyPair;
let stranger: KeyPair;
let guest: Socket | undefined;
let serial: Server;
let hub: SerialHub;
let server: ConsoleServer;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-console-'));
  authority = await openAuthority(directory, 'torpor-ca');
  const leaf = (file: string, commonName: string, usages: ('client' | 'server')[]) =>
    ensureKeyPair(
      directory,
      file,
      { subject: { commonName, organizations: [] }, usages, names: ['node'], days: 1 },
      authority,
    );
  agent = await leaf('agent', 'torpor:launcher:node', ['client', 'server']);
  apiServer = await leaf('api', 'torpor:apiserver', ['client']);
  stranger = await leaf('stranger', 'torpor:launcher:other', ['client']);
  serial = createServer((socket) => {
    guest = socket;
    socket.on('data', (chunk) => socket.write(chunk)); // a guest that echoes
  });
  await new Promise<void>((resolve) => serial.listen(join(directory, 'serial'), resolve));
  hub = await openSerialHub({ socketPath: join(directory, 'serial') });
  server = await startConsoleServer({
    host: '127.0.0.1',
    port: 0,
    credentials: () => ({ cert: agent.certificate, key: agent.key, ca: authority.certificate }),
    console: ({ namespace, name, uid }) => (`${namespace}/${name}/${uid}` === 'default/m/u1' ? hub : undefined),
  });
});

after(async () => {
  await server.close();
  await hub.close();
  guest?.destroy();
  serial.close();
  await rm(directory, { recursive: true, force: true });
});

function open(path: string, as: KeyPair | undefined, protocols: string[] = []): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${server.port}${path}`, protocols, {
    ca: authority.certificate,
    ...(as === undefined ? {} : { cert: as.certificate, key: as.key }),
    servername: 'node',
  } as ClientOptions);
}

/** The refusal of an upgrade: status code and message. */
function refusal(socket: WebSocket): Promise<{ code: number; message: string }> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => reject(new Error('it was let in')));
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, message: JSON.parse(text).message }));
    });
  });
}

test('bytes go both ways under each protocol', async () => {
  for (const protocol of ['plain.kubevirt.io', 'v5.channel.k8s.io', 'v4.channel.k8s.io']) {
    const socket = open('/machines/default/m/u1/console', apiServer, [protocol]);
    const heard = new Promise<string>((resolve) => {
      let text = '';
      socket.on('message', (data: Buffer) => {
        text += data.toString().replaceAll('\x01', '');
        if (text.endsWith(protocol)) resolve(text);
      });
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    assert.equal(socket.protocol, protocol);
    socket.send(Buffer.from(protocol.startsWith('plain') ? protocol : `\x00${protocol}`));
    assert.ok((await heard).endsWith(protocol));
    socket.close();
    await new Promise((resolve) => socket.once('close', resolve));
  }
});

test('A1: nobody but an API server gets in', async () => {
  const refused = await refusal(open('/machines/default/m/u1/console', stranger));
  assert.equal(refused.code, 403);
  assert.match(refused.message, /torpor:apiserver/);
  await assert.rejects(refusal(open('/machines/default/m/u1/console', undefined)), 'no certificate, no TLS');
});

test('A2, A3: another uid, another path and unknown protocols are refused with what to do', async () => {
  const other = await refusal(open('/machines/default/m/u2/console', apiServer));
  assert.deepEqual([other.code, /not running/.test(other.message)], [409, true]);
  assert.equal((await refusal(open('/machines/default/m/u1/vnc', apiServer))).code, 404);
  const unknown = await refusal(open('/machines/default/m/u1/console', apiServer, ['chat']));
  assert.equal(unknown.code, 400);
  assert.match(unknown.message, /plain\.kubevirt\.io/);
});

test('a request that is no upgrade is told so', async () => {
  const code = await new Promise<number>((resolve, reject) => {
    const options = { ca: authority.certificate, cert: apiServer.certificate, key: apiServer.key, servername: 'node' };
    request(
      { host: '127.0.0.1', port: server.port, path: '/machines/default/m/u1/console', ...options },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    )
      .once('error', reject)
      .end();
  });
  assert.equal(code, 400);
});

test('a message of nonsense ends that session only', async () => {
  const socket = open('/machines/default/m/u1/console', apiServer, ['v5.channel.k8s.io']);
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(Buffer.from('\x09what'));
  const [code] = await new Promise<[number]>((resolve) => socket.once('close', (...args) => resolve([args[0]])));
  assert.equal(code, 1002);
});
