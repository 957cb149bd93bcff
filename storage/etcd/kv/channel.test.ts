import assert from 'node:assert/strict';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { Channel, FRAME_HEAD } from './channel.ts';

/** Peers that misbehave; how the channel works with a real etcd is shown by the contract suite. */
type Answer = (stream: ServerHttp2Stream) => void;

const message = (text: string): Buffer => {
  const frame = Buffer.alloc(FRAME_HEAD + text.length);
  frame.write(text, FRAME_HEAD);
  return frame;
};

const echo: Answer = (stream) => {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat(chunks));
  });
};

const refuse: Answer = (stream) =>
  stream.respond({ ':status': 200, 'grpc-status': '3', 'grpc-message': 'no%20such%20thing' }, { endStream: true });

const silent: Answer = () => undefined;

const reset: Answer = (stream) => stream.close(2);

const soon = (): number => Date.now() + 5_000;

describe('Channel', () => {
  const servers: { server: Http2Server; sessions: Set<ServerHttp2Session> }[] = [];
  let channel: Channel | undefined;
  let failures = 0;

  async function serve(answer: Answer): Promise<string> {
    const server = createServer();
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => sessions.add(session.on('close', () => sessions.delete(session))));
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      answer(stream);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push({ server, sessions });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function open(urls: readonly string[], pingEveryMs = 10_000): Channel {
    failures = 0;
    const members = {
      pick: () => urls[failures % urls.length] ?? '',
      failed: () => {
        failures += 1;
      },
      answered: () => undefined,
    };
    channel = new Channel({ members, pingEveryMs, pingTimeoutMs: 300 });
    return channel;
  }

  afterEach(async () => {
    channel?.close();
    for (const { server, sessions } of servers.splice(0)) {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('H1 brings the answer back, many at once on one connection', async () => {
    const url = await serve(echo);
    const calls = open([url]);
    const answers = await Promise.all(['a', 'bb', ''].map((text) => calls.call('/x', message(text), soon())));
    assert.deepEqual(
      answers.map((answer) => answer.toString()),
      ['a', 'bb', ''],
    );
    assert.equal(servers[0]?.sessions.size, 1);
  });

  it('H1 tells a refusal with its code and its words', async () => {
    const calls = open([await serve(refuse)]);
    await assert.rejects(calls.call('/x', message('a'), soon()), /^Error: 3 INVALID_ARGUMENT: no such thing$/);
  });

  it('H1 a stream that is reset, and a server that is not there, are UNAVAILABLE', async () => {
    await assert.rejects(open([await serve(reset)]).call('/x', message('a'), soon()), /UNAVAILABLE/);
    channel?.close();
    await assert.rejects(open(['http://127.0.0.1:1']).call('/x', message('a'), soon()), /UNAVAILABLE.*ECONNREFUSED/);
  });

  it('H2 after a call that got no answer in time the next one goes to another server', async () => {
    const calls = open([await serve(silent), await serve(echo)]);
    await assert.rejects(calls.call('/x', message('a'), Date.now() + 50), /DEADLINE_EXCEEDED/);
    assert.equal((await calls.call('/x', message('b'), soon())).toString(), 'b');
  });

  it('H2 of connections whose calls were late none stays, though the peer never reads', async () => {
    const held = new Set<Socket>();
    const frozen = createTcpServer((socket) => {
      held.add(socket.pause());
      socket.on('error', () => undefined).on('close', () => held.delete(socket));
    });
    await new Promise<void>((resolve) => frozen.listen(0, '127.0.0.1', resolve));
    const calls = open([`http://127.0.0.1:${(frozen.address() as AddressInfo).port}`]);
    for (let index = 0; index < 4; index += 1)
      await assert.rejects(calls.call('/x', message('a'), Date.now() + 30), /DEADLINE_EXCEEDED/);
    assert.equal(failures, 4);
    for (const socket of held) socket.resume();
    while (held.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => frozen.close(resolve));
  });

  it('H2 a goodbye lets what is under way end and gets no further call', async () => {
    const streams: ServerHttp2Stream[] = [];
    const arrived = async (count: number): Promise<void> => {
      while (streams.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const calls = open([await serve((stream) => streams.push(stream))]);
    const first = calls.call('/x', message('first'), soon());
    await arrived(1);
    streams[0]?.session?.goaway(0);
    // The goodbye has no answer that could be waited for; a call that outran it would be on the first session.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = calls.call('/x', message('second'), soon());
    await arrived(2);
    assert.notEqual(streams[0]?.session, streams[1]?.session);
    for (const stream of streams) echo(stream);
    assert.deepEqual([`${await first}`, `${await second}`], ['first', 'second']);
    assert.equal(failures, 0);
  });

  it('H4 close fails what is under way and all that comes after', async () => {
    const calls = open([await serve(silent)]);
    const pending = calls.call('/x', message('a'), soon());
    const refused = assert.rejects(pending, /UNAVAILABLE.*closed/);
    calls.close();
    await refused;
    await assert.rejects(calls.call('/x', message('a'), soon()), /UNAVAILABLE: the connection to etcd is closed/);
  });
});
