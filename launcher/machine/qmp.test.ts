import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Qmp, type QmpError, type QmpEvent } from './qmp.ts';

const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

/** A monitor that greets, accepts capabilities, and leaves every other line to the test. */
async function monitor(
  t: TestContext,
  onLine: (line: { execute: string; id: number }, socket: Socket) => void,
  greeting = GREETING,
) {
  const directory = mkdtempSync(join(tmpdir(), 'torpor-launcher-qmp-'));
  const path = join(directory, 'qmp');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(greeting);
    let text = '';
    socket.on('data', (data) => {
      text += data;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = JSON.parse(text.slice(0, end));
        text = text.slice(end + 1);
        if (line.execute === 'qmp_capabilities') socket.write(`{"return": {}, "id": ${line.id}}\r\n`);
        else onLine(line, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return path;
}

test('Q2: replies out of order reach their commands, an unknown id is dropped', async (t) => {
  const held: { id: number; execute: string }[] = [];
  const path = await monitor(t, (line, socket) => {
    held.push(line);
    if (held.length < 2) return;
    socket.write('{"return": "nobody", "id": 999}\n');
    for (const { id, execute } of held.reverse()) socket.write(`{"return": "${execute}", "id": ${id}}\n`);
  });
  const qmp = await Qmp.open(path);
  t.after(() => qmp.close());
  assert.deepEqual(await Promise.all([qmp.command('a'), qmp.command('b')]), ['a', 'b']);
});

test('Q3: a command that is not answered rejects at its deadline, and its late reply harms nobody', async (t) => {
  let first: number | undefined;
  const path = await monitor(t, ({ id, execute }, socket) => {
    if (execute === 'slow') first = id;
    else socket.write(`{"return": 1, "id": ${first}}\n{"return": 2, "id": ${id}}\n`);
  });
  const qmp = await Qmp.open(path);
  t.after(() => qmp.close());
  await assert.rejects(qmp.command('slow', {}, 20), (error: QmpError) => error.errorClass === 'Timeout');
  assert.equal(await qmp.command('quick'), 2);
});

test('Q4: an end of the connection rejects what waits and what comes later', async (t) => {
  const path = await monitor(t, (_, socket) => socket.destroy());
  const qmp = await Qmp.open(path);
  await assert.rejects(Promise.all([qmp.command('a'), qmp.command('b')]), { errorClass: 'Closed' });
  await qmp.closed;
  await assert.rejects(qmp.command('c'), { errorClass: 'Closed' });
});

test('Q5: events come in order, split lines are put together', async (t) => {
  const events: QmpEvent[] = [];
  const path = await monitor(t, ({ id }, socket) => {
    const text = `{"event": "STOP", "data": {"n": 1}}\n{"event": "RESUME"}\n{"error": {"class": "GenericError", "desc": "no"}, "id": ${id}}\n`;
    socket.write(text.slice(0, 30));
    setTimeout(() => socket.write(text.slice(30)), 10);
  });
  const qmp = await Qmp.open(path, { onEvent: (event) => events.push(event) });
  t.after(() => qmp.close());
  await assert.rejects(qmp.command('x'), { errorClass: 'GenericError', message: 'QEMU refused x: no' });
  assert.deepEqual(events, [
    { event: 'STOP', data: { n: 1 } },
    { event: 'RESUME', data: {} },
  ]);
});

test('Q1, Q6: no greeting, no JSON and nobody there are errors within the deadline', async (t) => {
  const mute = await monitor(t, () => {}, '');
  await assert.rejects(Qmp.open(mute, { openMs: 50 }), { errorClass: 'Timeout' });
  const other = await monitor(t, () => {}, 'SSH-2.0-x\r\n');
  await assert.rejects(Qmp.open(other, { openMs: 1000 }), { errorClass: 'Closed', message: /not QEMU/ });
  await assert.rejects(Qmp.open('/nonexistent/qmp', { openMs: 30 }), { errorClass: 'Timeout' });
});

test('Q1: whoever waits for a greeting that cannot come any more is told at once', async (t) => {
  const mute = await monitor(t, () => {}, '');
  const giveUp = new AbortController();
  const opening = Qmp.open(mute, { openMs: 30_000, signal: giveUp.signal });
  setTimeout(() => giveUp.abort(new Error('QEMU has ended')), 20);
  await assert.rejects(opening, /QEMU has ended/);
  await assert.rejects(Qmp.open(mute, { openMs: 30_000, signal: giveUp.signal }), /QEMU has ended/);
});
