/** Watches over a WebSocket. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { type Client, startApi, type TestApi } from './harness.ts';
import type { WatchFrame } from './watch-client.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

interface Dialled {
  readonly ws: WebSocket;
  readonly texts: string[];
  next(): Promise<WatchFrame | undefined>;
  /** Code of the close message. */
  readonly closed: Promise<number>;
}

describe('watch over a WebSocket', () => {
  let t: TestApi;
  const open: WebSocket[] = [];
  const dial = (query: string, protocols: string[] = [], options = {}, client: Client = t.admin): Dialled => {
    const url = `wss://127.0.0.1:${t.port}${CONFIGMAPS}?watch=true${query}`;
    const ws = new WebSocket(url, protocols, { ...client.tls, perMessageDeflate: false, ...options });
    open.push(ws);
    ws.on('error', () => undefined);
    const texts: string[] = [];
    let wake = (): void => undefined;
    let over = false;
    ws.on('message', (data, binary) => {
      assert.equal(binary, false);
      texts.push(String(data));
      wake();
    });
    const closed = new Promise<number>((resolve) => {
      ws.on('close', (code) => {
        over = true;
        wake();
        resolve(code);
      });
    });
    let taken = 0;
    return {
      ws,
      texts,
      closed,
      async next() {
        while (texts.length === taken && !over) await new Promise<void>((resolve) => (wake = resolve));
        const text = texts[taken];
        taken += 1;
        return text === undefined ? undefined : (JSON.parse(text) as WatchFrame);
      },
    };
  };
  const refused = (query: string, client: Client = t.admin, options = {}) =>
    new Promise<{ code: number; connection: string; body: { kind: string; reason: string; message: string } }>(
      (resolve, reject) => {
        const { ws } = dial(query, [], options, client);
        ws.on('open', () => reject(new Error('the upgrade was accepted')));
        ws.on('unexpected-response', (_request, response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () =>
            resolve({
              code: response.statusCode ?? 0,
              connection: String(response.headers.connection),
              body: JSON.parse(text),
            }),
          );
        });
      },
    );
  /** A watch that is asked for by hand. */
  const plain = (headers: Record<string, string>) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const path = `${CONFIGMAPS}?watch=true`;
      request({ host: '127.0.0.1', port: t.port, path, headers, ...t.admin.tls }, resolve)
        .on('error', reject)
        .end();
    });
  const textOf = async (response: IncomingMessage) => {
    let text = '';
    for await (const chunk of response) text += chunk;
    return text;
  };
  before(async () => {
    t = await startApi({ pingEveryMs: 100 });
  });
  after(async () => {
    for (const ws of open) ws.terminate();
    await t?.stop();
  });

  test('W15: each event is one text message, the same JSON as over HTTP, and the end is a close message', async () => {
    const { body } = await t.admin.get(CONFIGMAPS).expect(200);
    const from = `&resourceVersion=${body.metadata.resourceVersion}&timeoutSeconds=1`;
    const lines = await t.admin.watch(`${CONFIGMAPS}?watch=true${from}`);
    const socket = dial(`${from}&allowWatchBookmarks=false`, [], { origin: 'https://console.example' });
    await new Promise((resolve) => socket.ws.once('open', resolve));
    // What a client says is of no interest.
    socket.ws.send('hello');
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'a' }, data: { x: 'ü' } }).expect(201);
    await t.admin.patch(`${CONFIGMAPS}/a`, { data: { big: 'y'.repeat(100_000) } }).expect(200);
    await t.admin.delete(`${CONFIGMAPS}/a`).expect(200);
    for (const type of ['ADDED', 'MODIFIED', 'DELETED']) {
      const frame = await socket.next();
      assert.equal(frame?.type, type);
      assert.deepEqual(frame, await lines.next());
    }
    assert.ok(socket.texts.every((text) => !text.includes('\n')));
    assert.equal(await socket.closed, 1000);
    assert.equal(await lines.next(), undefined);
  });

  test('W10, W15: with the state first, its mark, and an old version as an ERROR event', async () => {
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'b' } }).expect(201);
    const initial = '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const socket = dial(initial);
    assert.equal((await socket.next())?.object.metadata.name, 'b');
    const mark = await socket.next();
    assert.equal(mark?.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
    await t.restart();
    const old = dial('&resourceVersion=1');
    const error = await old.next();
    assert.deepEqual([error?.type, error?.object.code], ['ERROR', 410]);
    assert.equal(await old.closed, 1000);
  });

  test('W15: one of the protocols that a client offers is chosen, and never one that is a token', async () => {
    const token = 'base64url.bearer.authorization.k8s.io.Z29vZA';
    const socket = dial('', [token, 'plain.example']);
    await new Promise((resolve) => socket.ws.once('open', resolve));
    assert.equal(socket.ws.protocol, 'plain.example');
  });

  test('U6, W15: bad options, a bad handshake and an unknown resource are ordinary answers, and the connection ends', async () => {
    const options = await refused('&resourceVersionMatch=NotOlderThan');
    assert.deepEqual([options.code, options.connection, options.body.kind], [422, 'close', 'Status']);
    const handshake = await plain({ connection: 'Upgrade', upgrade: 'websocket' });
    assert.deepEqual([handshake.statusCode, handshake.headers.connection], [400, 'close']);
    assert.equal(JSON.parse(await textOf(handshake)).reason, 'BadRequest');
    const yaml = await refused('', t.admin, { headers: { accept: 'application/yaml' } });
    assert.equal(yaml.code, 406);
  });

  test('W15: another upgrade of a watch is ignored: it is answered as without', async () => {
    const response = await plain({ connection: 'Upgrade', upgrade: 'h2c' });
    assert.equal(response.statusCode, 200);
    response.destroy();
  });

  test('U10, W15: a client is pinged; one that answers is kept, one that does not is gone', async () => {
    const lively = dial('');
    const dead = dial('', [], { autoPong: false });
    let pings = 0;
    lively.ws.on('ping', () => {
      pings += 1;
    });
    assert.equal(await dead.closed, 1006);
    while (pings < 5) await new Promise((resolve) => lively.ws.once('ping', resolve));
    assert.equal(lively.ws.readyState, WebSocket.OPEN);
  });

  test('W15, W16: a client that does not read is ended, and costs others nothing', async () => {
    const lazy = dial('&labelSelector=load');
    await new Promise((resolve) => lazy.ws.once('open', resolve));
    lazy.ws.pause();
    const eager = dial('&labelSelector=load');
    await new Promise((resolve) => eager.ws.once('open', resolve));
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'load', labels: { load: '1' } } }).expect(201);
    const text = 'x'.repeat(200_000);
    for (let index = 0; index < 150; index += 1) {
      await t.admin.patch(`${CONFIGMAPS}/load`, { data: { text, index: String(index) } }).expect(200);
    }
    for (let seen = 0; seen < 151; seen += 1) assert.ok((await eager.next()) !== undefined);
    lazy.ws.resume();
    assert.equal(await lazy.closed, 1006);
    assert.ok(lazy.texts.length < 151);
  });

  test('A61, W15: the server going down closes it in order', async () => {
    const socket = dial('&labelSelector=none');
    await new Promise((resolve) => socket.ws.once('open', resolve));
    await t.restart();
    assert.equal(await socket.closed, 1000);
  });
});
