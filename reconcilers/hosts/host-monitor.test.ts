import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createLogger } from '../../base/log.ts';
import type { Host } from '../../openapi/api.ts';
import { EventRecorder } from '../../openapi/client/events.ts';
import { answerJson, FakeServer } from '../../openapi/client/fake-server.ts';
import { getCondition } from '../../openapi/machine/conditions.ts';
import { HostMonitor } from './host-monitor.ts';

const server = new FakeServer();
const log = createLogger('test', { level: 'fatal' });
let host: Host;
let writes: number;
let broken: boolean;

before(async () => {
  await server.start();
  server.intercept = (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (broken) return answerJson(response, 500, {});
      if (request.method === 'PUT') {
        writes++;
        const { status } = JSON.parse(text) as Host;
        host = { ...host, status: { ...status, live: host.status?.live ?? null } };
        return answerJson(response, 200, host);
      }
      if (request.method === 'GET') {
        assert.match(request.url ?? '', /live=true/);
        return answerJson(response, 200, { kind: 'HostList', metadata: {}, items: [host] });
      }
      return answerJson(response, 201, {});
    });
  };
});
after(() => server.stop());
beforeEach(() => {
  writes = 0;
  broken = false;
  host = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'Host',
    metadata: { name: 'h' },
    status: {
      live: { connected: true },
      conditions: [
        { type: 'Ready', status: 'True', reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    },
  };
});

const events = new EventRecorder(server.client, { component: 'test' });
const make = () => new HostMonitor({ client: server.client, events, log, everyMs: 10, lostAfterMs: 60 });
const ready = () => getCondition(host.status?.conditions, 'Ready');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const signal = new AbortController().signal;

test('H2, H3: lost after the whole time without a stream, and back at once', async () => {
  const monitor = make();
  await monitor.look(signal);
  host.status = { ...host.status, live: null };
  await monitor.look(signal);
  assert.equal(ready()?.status, 'True');
  await pause(70);
  await monitor.look(signal);
  assert.equal(ready()?.status, 'Unknown');
  assert.match(ready()?.message ?? '', /no connection to the API server/);
  await monitor.look(signal);
  assert.equal(writes, 1);
  host.status = { ...host.status, live: { connected: true } };
  await monitor.look(signal);
  assert.equal(ready()?.status, 'True');
  await monitor.look(signal);
  assert.equal(writes, 2);
});

test('H2: a stream in between starts the time over', async () => {
  const monitor = make();
  for (let i = 0; i < 3; i++) {
    host.status = { ...host.status, live: null };
    await monitor.look(signal);
    await pause(40);
    host.status = { ...host.status, live: { connected: true } };
    await monitor.look(signal);
  }
  assert.equal(writes, 0);
});

test('H1: a list that fails says nothing, and the loop goes on until it is stopped', async () => {
  broken = true;
  const monitor = make();
  monitor.start();
  await pause(100);
  broken = false;
  host.status = { ...host.status, live: null };
  await pause(40);
  assert.equal(writes, 0);
  const end = Date.now() + 5000;
  while (writes === 0 && Date.now() < end) await pause(10);
  await monitor.stop();
  assert.equal(ready()?.status, 'Unknown');
});
