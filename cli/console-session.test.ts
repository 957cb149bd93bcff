import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { sleep } from '../base/backoff.ts';
import { errors } from '../openapi/machinery/errors.ts';
import type { WindowSize } from './channels.ts';
import { type ConsoleEnd, runConsole } from './console-session.ts';
import type { Terminal } from './terminal.ts';

/** A terminal whose keys the test presses and whose screen it reads. */
class FakeTerminal implements Terminal {
  screen = '';
  notes: string[] = [];
  restored = 0;
  inputPaused = false;
  full = false;
  window: WindowSize | undefined = { columns: 80, rows: 24 };
  type: (text: string) => void = () => {};
  resizeTo: (size: WindowSize) => void = () => {};
  #drained: (() => void) | undefined;

  onInput(listener: (bytes: Buffer) => void): void {
    this.type = (text) => listener(Buffer.from(text));
  }
  onResize(listener: (size: WindowSize) => void): void {
    this.resizeTo = listener;
  }
  size(): WindowSize | undefined {
    return this.window;
  }
  pauseInput(): void {
    this.inputPaused = true;
  }
  resumeInput(): void {
    this.inputPaused = false;
  }
  write(bytes: Buffer, drained: () => void): boolean {
    this.screen += bytes.toString();
    if (this.full) this.#drained = drained;
    return !this.full;
  }
  drain(): void {
    this.full = false;
    this.#drained?.();
  }
  note(text: string): void {
    this.notes.push(text);
  }
  restore(): void {
    this.restored += 1;
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`waited 5 s in vain for: ${what}`);
}

describe('console session', () => {
  let http: Server;
  let machine: WebSocketServer;
  let received: Buffer[];
  let terminal: FakeTerminal;
  let outside: AbortController;

  beforeEach(async () => {
    received = [];
    terminal = new FakeTerminal();
    outside = new AbortController();
    http = createServer();
    machine = new WebSocketServer({ server: http, handleProtocols: () => 'v5.channel.k8s.io' });
    machine.on('connection', (socket) => socket.on('message', (data: Buffer) => received.push(data)));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    outside.abort();
    for (const client of machine.clients) client.terminate();
    machine.close();
    http.close();
  });

  function dial(): Promise<WebSocket> {
    const { port } = http.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, ['v5.channel.k8s.io']);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(socket));
      socket.once('error', reject);
    });
  }
  function run(open = dial, more: { timeoutMs?: number; silenceMs?: number } = {}): Promise<ConsoleEnd> {
    const { signal } = outside;
    return runConsole({ terminal, machine: 'default/web', open, timeoutMs: 5000, silenceMs: 10_000, signal, ...more });
  }
  const inputs = (): string =>
    received
      .filter((message) => message[0] === 0)
      .map((message) => message.subarray(1).toString())
      .join('');
  const sizes = (): string[] => received.filter((message) => message[0] === 4).map((m) => m.subarray(1).toString());
  const connected = (): boolean => terminal.notes.some((note) => note.startsWith('Connected'));

  it('C1 sends what is typed, shows what is answered, and leaves at Ctrl-] with what came before it', async () => {
    const end = run();
    await until(connected, 'the connection');
    terminal.type('ls\r');
    await until(() => inputs() === 'ls\r', 'the input');
    for (const client of machine.clients) client.send(Buffer.from('\x01file\r\n'));
    await until(() => terminal.screen === 'file\r\n', 'the output');
    terminal.type('exit\x1drm -rf /');
    assert.deepEqual(await end, { kind: 'left' });
    await until(() => inputs() === 'ls\rexit', 'the rest of the input');
    assert.ok(terminal.restored > 0);
  });

  it('C1 leaves while it tries to connect, and when it is interrupted from outside', async () => {
    const never = (): Promise<WebSocket> =>
      Promise.reject(errors.conflict({ group: 'g', plural: 'p' }, 'web', 'not running'));
    const end = run(never);
    await until(() => terminal.notes.length > 0, 'the first note');
    terminal.type('\x1d');
    assert.deepEqual(await end, { kind: 'left' });
    const second = run(never);
    outside.abort();
    assert.deepEqual(await second, { kind: 'interrupted' });
  });

  it('C2 C3 connects again after a loss and drops what was typed in between', async () => {
    const end = run();
    await until(connected, 'the connection');
    for (const client of machine.clients) client.close(1001, 'agent stops');
    await until(() => terminal.notes.some((note) => note.includes('agent stops')), 'the loss');
    terminal.type('lost');
    await until(
      () => terminal.notes.filter((note) => note.startsWith('Connected')).length === 2,
      'the second connection',
    );
    terminal.type('kept');
    await until(() => inputs().includes('kept'), 'the input');
    assert.equal(inputs(), 'kept');
    terminal.type('\x1d');
    await end;
  });

  it('C2 ends with the words of the server where waiting does not help, and after the time-out', async () => {
    const absent = errors.notFound({ group: 'torpor.dev', plural: 'virtualmachines' }, 'web');
    const end = await run(() => Promise.reject(absent));
    assert.deepEqual(end, { kind: 'failed', error: absent });
    const refused = new Error('connection refused');
    let tries = 0;
    const late = await run(
      () => {
        tries += 1;
        return Promise.reject(refused);
      },
      { timeoutMs: 300 },
    );
    assert.deepEqual(late, { kind: 'failed', error: refused });
    assert.ok(tries >= 2, 'it tried again');
    assert.equal(
      terminal.notes.filter((note) => note.includes('connection refused')).length,
      1,
      'one trouble, one line',
    );
  });

  it('C4 sends the window size after each connect and when it changes', async () => {
    const end = run();
    await until(() => sizes().length === 1, 'the first size');
    terminal.resizeTo({ columns: 132, rows: 50 });
    await until(() => sizes().length === 2, 'the second size');
    assert.deepEqual(sizes(), ['{"Width":80,"Height":24}', '{"Width":132,"Height":50}']);
    terminal.type('\x1d');
    await end;
  });

  it('C5 takes nothing more from the machine while the terminal is full', async () => {
    const end = run();
    await until(connected, 'the connection');
    terminal.full = true;
    for (const client of machine.clients) client.send(Buffer.from('\x01first'));
    await until(() => terminal.screen === 'first', 'the first output');
    for (const client of machine.clients) client.send(Buffer.from('\x01second'));
    await sleep(100);
    assert.equal(terminal.screen, 'first');
    terminal.drain();
    await until(() => terminal.screen === 'firstsecond', 'the rest');
    terminal.type('\x1d');
    await end;
  });

  it('C6 gives up a connection that answers no ping', async () => {
    const end = run(dial, { silenceMs: 150 });
    await until(connected, 'the connection');
    await sleep(400);
    assert.equal(terminal.notes.length, 1, 'a connection that answers pings stays');
    for (const client of machine.clients) client.pause();
    await until(() => terminal.notes.length > 1, 'the loss');
    terminal.type('\x1d');
    await end;
  });
});
