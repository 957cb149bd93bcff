import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { isError } from '../machinery/errors.ts';
import { answerJson, FakeServer } from './fake-server.ts';
import { ConnectionError } from './transport.ts';
import { openUpgrade, openWebSocket } from './upgrade.ts';

const server = new FakeServer();
const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
before(async () => {
  await server.start();
  server.server.on('upgrade', (request, socket: Duplex, head) => {
    if (request.url?.startsWith('/silent')) return;
    if (request.url?.startsWith('/refused')) {
      const body = JSON.stringify({ kind: 'Status', reason: 'Forbidden', code: 403, message: 'no console for you' });
      socket.end(
        `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    } else if (request.headers.upgrade === 'torpor-live') {
      assert.equal(request.headers.authorization, 'Bearer secret');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: torpor-live\r\n\r\nhello');
      socket.pipe(socket);
    } else {
      // Held back, so that the greeting travels in one piece with the head of the answer.
      socket.cork();
      sockets.handleUpgrade(request, socket, head, (websocket) => {
        if (request.url?.startsWith('/greeting')) websocket.send('welcome');
        socket.uncork();
        websocket.on('message', (data, binary) => websocket.send(data, { binary }));
      });
    }
  });
  server.intercept = (_request, response) =>
    answerJson(response, 404, { kind: 'Status', reason: 'NotFound', code: 404 });
});
after(async () => {
  sockets.close();
  await server.stop();
});

test('a WebSocket with the chosen protocol carries bytes both ways', async () => {
  const socket = await openWebSocket(server.connection, '/console?x=1', {
    protocols: ['plain.kubevirt.io', 'v4.channel.k8s.io'],
  });
  assert.equal(socket.protocol, 'plain.kubevirt.io');
  const echoed = new Promise((resolve) => socket.once('message', resolve));
  socket.send(Buffer.from('hi'));
  assert.equal(String(await echoed), 'hi');
  socket.terminate();
});

test('what comes together with the answer is heard', async () => {
  for (let round = 0; round < 20; round += 1) {
    const socket = await openWebSocket(server.connection, '/greeting');
    const heard = await new Promise((resolve, reject) => {
      socket.once('message', resolve);
      setTimeout(() => reject(new Error('the greeting was lost')), 2000).unref();
    });
    assert.equal(String(heard), 'welcome');
    socket.terminate();
  }
});

test('a refusal is the StatusError of the server, for both kinds', async () => {
  await assert.rejects(
    openWebSocket(server.connection, '/refused'),
    (error) => isError(error, 'forbidden') && error.message === 'no console for you',
  );
  await assert.rejects(openUpgrade(server.connection, '/refused', 'torpor-live'), (error) =>
    isError(error, 'forbidden'),
  );
});

test('a raw stream: what came with the head, then the socket', async () => {
  const { socket, head } = await openUpgrade(server.connection, '/live', 'torpor-live');
  let text = head.toString();
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(' world');
  while (text.length < 11) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(text, 'hello world');
  socket.destroy();
});

test('a server that does not answer costs the deadline; an abort ends it', async () => {
  await assert.rejects(openUpgrade(server.connection, '/silent', 'torpor-live', { deadlineMs: 50 }), ConnectionError);
  await assert.rejects(openWebSocket(server.connection, '/silent', { deadlineMs: 50 }), ConnectionError);
  const abort = new AbortController();
  const opening = openWebSocket(server.connection, '/silent', { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 20);
  await assert.rejects(opening, /enough/);
});
