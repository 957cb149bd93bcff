import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENT_BACKLOG, type HubClient, openSerialHub, SCROLLBACK_BYTES, type SerialHub } from './serial-hub.ts';

let directory: string;
let path: string;
let server: Server;
let guest: Socket | undefined;
let hub: SerialHub;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-console-'));
  path = join(directory, 'serial');
  server = createServer((socket) => {
    guest = socket;
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  hub = await openSerialHub({ socketPath: path, logFile: join(directory, 'serial.log'), logBytes: 1000 });
  await until(() => guest !== undefined);
});

afterEach(async () => {
  await hub.close();
  guest?.destroy();
  guest = undefined;
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!condition()) {
    assert.ok(Date.now() < end, 'in time');
    await sleep(5);
  }
}

interface TestClient extends HubClient {
  text(): string;
  ended: string | undefined;
  paused: boolean;
  waiting: number;
}

function client(): TestClient {
  const chunks: Buffer[] = [];
  return {
    ended: undefined,
    paused: false,
    waiting: 0,
    text: () => Buffer.concat(chunks).toString(),
    send: (chunk) => void chunks.push(chunk),
    backlog() {
      return this.waiting;
    },
    pause() {
      this.paused = true;
    },
    resume() {
      this.paused = false;
    },
    end(reason) {
      this.ended = reason;
    },
  };
}

test('H2: a client that comes late has the scrollback and then everything, once', async () => {
  guest?.write('one ');
  const early = client();
  hub.attach(early);
  await until(() => early.text() === 'one ');
  const late = client();
  hub.attach(late);
  guest?.write('two');
  await until(() => late.text() === 'one two' && early.text() === 'one two');
});

test('H2: the scrollback is the last 64 KiB', async () => {
  const watcher = client();
  hub.attach(watcher);
  guest?.write('x'.repeat(SCROLLBACK_BYTES));
  guest?.write('end');
  await until(() => watcher.text().endsWith('end'));
  const late = client();
  hub.attach(late);
  assert.equal(late.text().length, SCROLLBACK_BYTES);
  assert.ok(late.text().endsWith('xend'));
});

test('H1: a lost connection to QEMU is made again', async () => {
  const watcher = client();
  hub.attach(watcher);
  guest?.destroy();
  guest = undefined;
  await until(() => guest !== undefined);
  (guest as Socket | undefined)?.write('back');
  await until(() => watcher.text() === 'back');
});

test('H3: a client that does not read is cut off and the others go on', async () => {
  const slow = client();
  const fast = client();
  hub.attach(slow);
  hub.attach(fast);
  slow.waiting = CLIENT_BACKLOG + 1;
  guest?.write('a');
  await until(() => slow.ended !== undefined);
  guest?.write('b');
  await until(() => fast.text() === 'ab');
  assert.equal(slow.text(), 'a');
  assert.equal(hub.clients(), 1);
});

test('H4: clients are paused while the guest does not read, and nothing typed is lost', async () => {
  const typist = client();
  const attachment = hub.attach(typist);
  const typed = Buffer.alloc(4 * 1024 * 1024, 'k');
  guest?.pause();
  attachment.write(typed);
  assert.equal(typist.paused, true);
  let received = 0;
  guest?.on('data', (chunk) => {
    received += chunk.length;
  });
  guest?.resume();
  await until(() => received === typed.length);
  await until(() => !typist.paused);
});

test('H5: closing ends clients, and one that comes later is told', async () => {
  const watcher = client();
  hub.attach(watcher);
  await hub.close();
  assert.match(watcher.ended ?? '', /stopped/);
  const late = client();
  hub.attach(late);
  assert.match(late.ended ?? '', /stopped/);
});

test('the log is kept without any client, and is rotated', async () => {
  for (let index = 0; index < 30; index += 1) {
    guest?.write(`${String(index).padStart(99, '.')}\n`);
    await sleep(5);
  }
  const read = (name: string) => readFile(join(directory, name), 'utf8').catch(() => '');
  const end = Date.now() + 5000;
  let newest = '';
  let older = '';
  while (!`${older}${newest}`.includes('.29\n') && Date.now() < end) {
    await sleep(20);
    [older, newest] = await Promise.all([read('serial.log.1'), read('serial.log')]);
  }
  assert.ok(`${older}${newest}`.includes('.29\n'), 'the last line is there');
  assert.ok(older.length >= 1000 && older.length + newest.length <= 2200, `${older.length} + ${newest.length} bytes`);
});
