import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createLogger } from '../../base/log.ts';
import type { Lease } from '../../openapi/api.ts';
import { answerJson, FakeServer } from '../../openapi/client/fake-server.ts';
import { Leader } from './leader.ts';

const log = createLogger('test', { level: 'fatal' });
const server = new FakeServer();
let lease: Lease | undefined;
let revision = 1;
let broken = false;

before(async () => {
  await server.start();
  server.intercept = (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (broken) {
        response.destroy();
        return;
      }
      const refuse = (code: number, reason: string) => answerJson(response, code, { kind: 'Status', code, reason });
      const store = (body: Lease) => {
        lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++revision) } };
        answerJson(response, 200, lease);
      };
      if (request.method === 'GET') {
        if (lease) answerJson(response, 200, lease);
        else refuse(404, 'NotFound');
      } else if (request.method === 'POST') {
        if (lease) refuse(409, 'AlreadyExists');
        else store(JSON.parse(text) as Lease);
      } else {
        const body = JSON.parse(text) as Lease;
        if (body.metadata.resourceVersion !== lease?.metadata.resourceVersion) refuse(409, 'Conflict');
        else store(body);
      }
    });
  };
});
after(() => server.stop());
beforeEach(() => {
  lease = undefined;
  broken = false;
});

const leaders: Leader[] = [];
function candidate(identity: string, options = {}): Leader {
  const leader = new Leader(server.client, {
    namespace: 'default',
    name: 'lease',
    log,
    identity,
    leaseMs: 1000,
    renewDeadlineMs: 300,
    retryMs: 40,
    ...options,
  });
  leaders.push(leader);
  return leader;
}
const never = new AbortController().signal;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('E2, E4: one of two leads; the other follows at once when it is released', async () => {
  const a = candidate('a');
  const b = candidate('b');
  await a.acquire(never);
  let second = false;
  const waiting = b.acquire(never).then(() => {
    second = true;
  });
  await pause(150);
  assert.equal(second, false);
  assert.equal(lease?.spec?.holderIdentity, 'a');
  await a.release();
  await waiting;
  assert.equal(lease?.spec?.holderIdentity, 'b');
  assert.equal(lease?.spec?.leaseTransitions, 1);
  assert.equal(a.lost.aborted, false);
  await b.release();
});

test('E1: a leader that cannot renew gives up before anybody may take over', async () => {
  const a = candidate('a');
  const b = candidate('b');
  await a.acquire(never);
  broken = true;
  const started = performance.now();
  await new Promise((resolve) => a.lost.addEventListener('abort', resolve));
  const lostAfter = performance.now() - started;
  assert.ok(lostAfter < 900, `${lostAfter} ms`);
  broken = false;
  await b.acquire(never);
  assert.ok(performance.now() - started > lostAfter);
  await b.release();
});

test('E1: a dead leader is followed when its lease has been seen unchanged for its whole length', async () => {
  const now = '2026-01-01T00:00:00.000000Z';
  lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'lease', namespace: 'default', resourceVersion: '1' },
    // A time long ago by its own clock must not matter.
    spec: { holderIdentity: 'dead', leaseDurationSeconds: 1, renewTime: now, acquireTime: now },
  };
  const b = candidate('b');
  const started = performance.now();
  await b.acquire(never);
  assert.ok(performance.now() - started >= 950);
  await b.release();
});

test('E3: a lease that was taken by another is lost, and is not released', async () => {
  const a = candidate('a');
  await a.acquire(never);
  if (lease)
    lease = {
      ...lease,
      spec: { ...lease.spec, holderIdentity: 'thief' },
      metadata: { ...lease.metadata, resourceVersion: String(++revision) },
    };
  await new Promise((resolve) => a.lost.addEventListener('abort', resolve));
  await a.release();
  assert.equal(lease?.spec?.holderIdentity, 'thief');
});

test('waiting ends with the signal', async () => {
  const a = candidate('a');
  await a.acquire(never);
  const abort = new AbortController();
  const waiting = candidate('b').acquire(abort.signal);
  setTimeout(() => abort.abort(new Error('enough')), 20);
  await assert.rejects(waiting, /enough/);
  await a.release();
  assert.throws(() => candidate('c', { leaseMs: 100 }), /E1/);
});
