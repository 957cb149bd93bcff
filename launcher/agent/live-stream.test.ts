import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createConnection } from '../../openapi/client/connection.ts';
import { LiveStages } from './live-stages.ts';
import { runLiveStream } from './live-stream.ts';

/** An API server that switches to the live stream and remembers what it was told on each connection. */
async function server(t: TestContext) {
  const connections: { readonly socket: Socket; readonly path: string; text: string }[] = [];
  const http = createServer();
  http.on('upgrade', (request, socket: Socket) => {
    const connection = { socket, path: request.url ?? '', text: '' };
    connections.push(connection);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      connection.text += data;
    });
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: torpor-live\r\n\r\n');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const connection = createConnection({
    server: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    authorize: () => ({ tls: {}, headers: {} }),
  });
  const end = new AbortController();
  const stages = new LiveStages();
  const problems: string[] = [];
  const start = () =>
    runLiveStream({ connection, nodeName: 'n 1', stages, onProblem: (problem) => problems.push(problem) }, end.signal);
  t.after(() => {
    end.abort();
    connection.close();
    for (const { socket } of connections) socket.destroy();
    http.close();
  });
  const until = async (condition: () => boolean) => {
    for (let turn = 0; turn < 500 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(condition(), JSON.stringify(connections.map(({ text }) => text)));
  };
  const lines = (index: number) =>
    (connections[index]?.text ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { stages, start, end, connections, lines, until, problems };
}

test('L1: all values first, then changes, several in one line', async (t) => {
  const { stages, start, connections, lines, until } = await server(t);
  stages.set('a', 'Preparing');
  void start();
  await until(() => lines(0).length === 1);
  assert.equal(connections[0]?.path, '/apis/torpor.dev/v1alpha1/hosts/n%201/live');
  stages.set('b', 'Starting');
  stages.set('b', 'Stopping', 'asked');
  stages.clear('a');
  await until(() => lines(0).length === 2);
  const [first, second] = lines(0);
  assert.equal(first.machines.a.stage, 'Preparing');
  assert.deepEqual(
    [second.machines.a, second.machines.b.stage, second.machines.b.message],
    [null, 'Stopping', 'asked'],
  );
});

test('L3: a stream that ends is opened again and starts with everything', async (t) => {
  const { stages, start, connections, lines, until } = await server(t);
  stages.set('a', 'Preparing');
  void start();
  await until(() => lines(0).length === 1);
  connections[0]?.socket.destroy();
  await until(() => lines(1).length === 1);
  assert.equal(lines(1)[0].machines.a.stage, 'Preparing');
});

test('the end of the agent ends it, also while it waits', async (t) => {
  const { start, end, connections, until } = await server(t);
  const running = start();
  await until(() => connections.length === 1);
  end.abort();
  await running;
});
