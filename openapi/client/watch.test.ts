import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { FakeServer, type Thing, things } from './fake-server.ts';
import { LineReader } from './line-reader.ts';
import { type WatchEvent, watch } from './watch.ts';

const server = new FakeServer();
before(() => server.start());
after(() => server.stop());
afterEach(() => {
  server.intercept = undefined;
});

function line(type: string, name: string): string {
  return `${JSON.stringify({ type, object: { apiVersion: 'v1', kind: 'Thing', metadata: { name, resourceVersion: '5' } } })}\n`;
}

async function run(answer: (response: ServerResponse) => void, options = {}) {
  const events: WatchEvent<Thing>[] = [];
  server.intercept = (_request, response) => {
    answer(response);
    return true;
  };
  const signal = new AbortController().signal;
  const outcome = await watch(server.client, things, { resourceVersion: '1', signal, ...options }, (event) => {
    events.push(event);
  });
  return { outcome, events };
}

test('W1: events and bookmarks in order, then the end', async () => {
  const { outcome, events } = await run((response) =>
    response.end(line('ADDED', 'a') + line('BOOKMARK', '') + line('DELETED', 'ü')),
  );
  assert.equal(outcome.kind, 'ended');
  assert.deepEqual(
    events.map((event) => event.type),
    ['ADDED', 'BOOKMARK', 'DELETED'],
  );
  assert.deepEqual(events[1], { type: 'BOOKMARK', resourceVersion: '5' });
});

test('W1, W3: cut at every byte: whole lines before the cut are events, what follows is none, and it is never "ended"', async () => {
  const whole = line('ADDED', 'a') + line('MODIFIED', 'b');
  const first = line('ADDED', 'a').length;
  for (let cut = 1; cut <= whole.length; cut += 3) {
    const { outcome, events } = await run((response) => {
      response.writeHead(200);
      response.write(whole.slice(0, cut), () => response.destroy());
    });
    assert.equal(outcome.kind, 'failed', `cut at ${cut}`);
    assert.ok(events.length <= (cut >= whole.length ? 2 : cut >= first ? 1 : 0), `cut at ${cut}`);
  }
});

test('W3: an orderly end in the middle of a line is a failure too', async () => {
  const { outcome } = await run((response) => response.end(line('ADDED', 'a').slice(0, -2)));
  assert.equal(outcome.kind, 'failed');
});

test('too old by status and by event', async () => {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    reason: 'Expired',
    code: 410,
    message: 'too old resource version: 1 (9)',
  };
  const byEvent = await run((response) => response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`));
  assert.deepEqual(byEvent.outcome, { kind: 'expired', message: status.message });
  const byStatus = await run((response) => response.writeHead(410).end(JSON.stringify(status)));
  assert.equal(byStatus.outcome.kind, 'expired');
});

test('other refusals are failures with the reason of the server', async () => {
  const { outcome } = await run((response) =>
    response.writeHead(403).end('{"kind":"Status","reason":"Forbidden","code":403}'),
  );
  assert.ok(outcome.kind === 'failed' && outcome.error.name === 'StatusError');
  for (const text of ['nonsense\n', '{"type":"WHAT","object":{}}\n', '{"type":"ADDED"}\n']) {
    assert.equal((await run((response) => response.end(text))).outcome.kind, 'failed', text);
  }
});

test('W2: silence ends it, before and after the head', async () => {
  assert.equal((await run(() => undefined, { deadlineMs: 50 })).outcome.kind, 'silent');
  const after = await run((response) => response.flushHeaders(), { idleMs: 50 });
  assert.equal(after.outcome.kind, 'silent');
});

test('W2: bookmarks keep it alive', async () => {
  const { outcome, events } = await run(
    (response) => {
      let count = 0;
      const timer = setInterval(() => {
        if (count++ < 8) response.write(line('BOOKMARK', ''));
        else response.end();
        if (count > 8) clearInterval(timer);
      }, 30);
    },
    { idleMs: 150 },
  );
  assert.equal(outcome.kind, 'ended');
  assert.equal(events.length, 8);
});

test('W2, W4: an abort ends it at once; what the handler throws ends it too', async () => {
  const abort = new AbortController();
  server.intercept = (_request, response) => response.flushHeaders();
  const running = watch(server.client, things, { resourceVersion: '1', signal: abort.signal }, () => undefined);
  setTimeout(() => abort.abort(new Error('stop')), 20);
  await assert.rejects(running, /stop/);
  server.intercept = (_request, response) => response.write(line('ADDED', 'a'));
  const signal = new AbortController().signal;
  await assert.rejects(
    watch(server.client, things, { resourceVersion: '1', signal }, () => {
      throw new Error('handler');
    }),
    /handler/,
  );
});

test('L1, L2: lines however they are cut, and a bound', () => {
  const text = Buffer.from('one\n\nzwö\nthree\n');
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = new LineReader(100);
    const lines = [...reader.push(text.subarray(0, cut)), ...reader.push(text.subarray(cut))];
    assert.deepEqual(lines, ['one', 'zwö', 'three']);
    assert.equal(reader.pending, 0);
  }
  const reader = new LineReader(8);
  reader.push(Buffer.from('12345678'));
  assert.throws(() => reader.push(Buffer.from('9')), /longer than 8 bytes/);
});
