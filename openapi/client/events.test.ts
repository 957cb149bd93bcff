import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Event } from '../api.ts';
import { EventRecorder } from './events.ts';
import { answerJson, FakeServer, type Thing, things } from './fake-server.ts';

let server: FakeServer;
let written: { method: string; url: string; body: Partial<Event> }[];
let now: number;
let recorder: EventRecorder;
let answer: number;

beforeEach(async () => {
  server = await new FakeServer().start();
  written = [];
  now = Date.parse('2026-01-01T00:00:00Z');
  answer = 201;
  server.intercept = (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      written.push({ method: request.method ?? '', url: request.url ?? '', body: JSON.parse(text) as Partial<Event> });
      answerJson(
        response,
        answer,
        answer < 300 ? {} : { kind: 'Status', code: answer, reason: answer === 404 ? 'NotFound' : '' },
      );
    });
    return true;
  };
  recorder = new EventRecorder(server.client, { component: 'test', host: 'h', now: () => now });
});
afterEach(async () => {
  await recorder.stop();
  await server.stop();
});

const object: Thing = { apiVersion: 'test.dev/v1', kind: 'Thing', metadata: { name: 'a', namespace: 'n', uid: 'u' } };
const record = (message: string, of = object) => recorder.record(things, of, 'Warning', 'Failed', message);

test('E2: written once, then counted', async () => {
  record('no room');
  await recorder.flush();
  now += 1000;
  record('no room');
  record('no room');
  await recorder.flush();
  assert.deepEqual(
    written.map(({ method }) => method),
    ['POST', 'PATCH', 'PATCH'],
  );
  const [first, , last] = written;
  assert.equal(first?.url, '/api/v1/namespaces/n/events');
  assert.equal(first?.body.involvedObject?.uid, 'u');
  assert.equal(first?.body.count, 1);
  assert.equal(first?.body.firstTimestamp, '2026-01-01T00:00:00Z');
  assert.match(last?.url ?? '', /^\/api\/v1\/namespaces\/n\/events\/a\.[0-9a-f]+$/);
  assert.deepEqual(last?.body, { count: 3, lastTimestamp: '2026-01-01T00:00:01Z', message: 'no room' });
});

test('E2: an event that the server forgot starts again', async () => {
  record('x');
  await recorder.flush();
  answer = 404;
  record('x');
  await recorder.flush();
  assert.deepEqual(
    written.map(({ method }) => method),
    ['POST', 'PATCH', 'POST'],
  );
});

test('E3: many different messages become one event', async () => {
  for (let i = 0; i < 14; i++) record(`message ${i}`);
  await recorder.flush();
  assert.equal(written.filter(({ method }) => method === 'POST').length, 11);
  assert.equal(written.at(-1)?.body.message, '(combined from similar events): message 13');
});

test('E5: an object has a budget that refills', async () => {
  for (let i = 0; i < 40; i++) record('again');
  await recorder.flush();
  assert.equal(written.length, 25);
  assert.equal(recorder.dropped, 15);
  now += 60_000;
  for (let i = 0; i < 5; i++) record('again');
  await recorder.flush();
  assert.equal(written.length, 27);
});

test('E4: at most 512 wait', () => {
  for (let i = 0; i < 600; i++) record('x', { ...object, metadata: { name: `a${i}`, namespace: 'n', uid: `u${i}` } });
  assert.ok(recorder.dropped >= 600 - 513);
});

test('E1: a server that refuses is reported, not thrown; after stop nothing is written', async () => {
  const problems: string[] = [];
  answer = 500;
  recorder = new EventRecorder(server.client, { component: 'test', onProblem: (problem) => problems.push(problem) });
  record('x');
  await recorder.flush();
  assert.deepEqual(problems, ['event Failed was not written']);
  await recorder.stop();
  record('y');
  await recorder.flush();
  assert.equal(written.length, 1);
});
