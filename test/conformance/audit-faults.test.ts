/** The audit log when something goes wrong: a slow disk, a mistake of ours, a client that leaves. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { auditMetrics, createAudit } from '../../apiserver/access/audit/audit.ts';
import { sendJson } from '../../apiserver/edge/respond.ts';
import type { KeyPair } from '../../base/certificates/authority.ts';
import { createMetrics } from '../../base/metrics.ts';
import { type InjectedServer, issue, startInjected } from './injected-server.ts';
import { until } from './whole-server.ts';

let directory: string;
let api: InjectedServer;
let admin: KeyPair;
const lines: string[] = [];
let full: Promise<void> | undefined;
let worked = 0;
const path = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  const log = { add: (line: string) => lines.push(line), room: () => full, close: async () => undefined };
  api = await startInjected(directory, {
    audit: createAudit({ rules: [{ level: 'Metadata' }] }, log, auditMetrics(createMetrics({ processMetrics: false }))),
    limits: { requestTimeoutMs: 1_000, drainMs: 200 },
    dispatch: async (context) => {
      worked += 1;
      if (context.info.name === 'fault') throw new Error('a mistake of ours');
      if (context.info.name === 'hang') {
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
        return;
      }
      await sendJson(context, 200, {});
    },
  });
  admin = await issue(api.authority, { commonName: 'admin', organizations: ['system:masters'] });
});
after(async () => {
  await api.server.stop();
  await rm(directory, { recursive: true, force: true });
});

const stagesOf = (id: string) =>
  lines
    .map((line) => JSON.parse(line) as { auditID: string; stage: string; responseStatus?: { code: number } })
    .filter(({ auditID }) => auditID === id)
    .map(({ stage, responseStatus }) => [stage, responseStatus?.code]);

test('A41: a mistake of ours is the stage Panic, and nothing comes after it', async () => {
  const response = await api.as(admin).get(`${path}/fault`).set('Audit-ID', 'fault');
  assert.equal(response.status, 500);
  assert.deepEqual(stagesOf('fault'), [
    ['RequestReceived', undefined],
    ['Panic', 500],
  ]);
});

test('A41: a deadline is written down as it was answered, and a client that left as one', async () => {
  assert.equal((await api.as(admin).get(`${path}/hang?timeout=50ms`).set('Audit-ID', 'late')).status, 504);
  assert.deepEqual(stagesOf('late')[1], ['ResponseComplete', 504]);
  const tls = { ca: api.authority.certificate, cert: admin.certificate, key: admin.key };
  const before = worked;
  const sent = request(`${api.url}${path}/hang`, { ...tls, headers: { 'audit-id': 'left' } });
  sent.on('error', () => undefined).end();
  await until(
    async () => worked,
    (count) => count > before,
  );
  sent.destroy();
  await until(
    async () => stagesOf('left'),
    ({ length }) => length === 2,
  );
  assert.equal(stagesOf('left')[1]?.[0], 'ResponseComplete');
});

test('A41: while the log is full no request is worked on; it is worked on when there is room', async () => {
  let roomy = (): void => undefined;
  full = new Promise((resolve) => {
    roomy = resolve;
  });
  const before = worked;
  const slow = await api.as(admin).get(`${path}/web?timeout=100ms`);
  assert.equal(slow.status, 504);
  const waiting = api
    .as(admin)
    .get(`${path}/web`)
    .then(({ status }) => status);
  assert.equal(worked, before);
  full = undefined;
  roomy();
  assert.equal(await waiting, 200);
});
